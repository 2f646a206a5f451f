//! The digest of a stream from parts that begin and end anywhere, each hashed on any core.
//!
//! BLAKE3 is a tree over leaves of 1,024 bytes. Of a part the subtrees that lie in it as a whole are hashed where the part is;
//! the bytes before the first and after the last leaf are kept, and hashed when those of the neighbour are there.

use blake3::{
    CHUNK_LEN as LEAF, Hasher,
    hazmat::{HasherExt, Mode, max_subtree_len, merge_subtrees_non_root, merge_subtrees_root},
};
use faissil_core::snapshot::Digest;

/// A part of a stream, hashed.
#[derive(Debug)]
pub struct Part {
    /// Bytes up to the first leaf that begins in it.
    head: Vec<u8>,
    trees: Vec<Tree>,
    /// Bytes of a leaf that ends behind it.
    tail: Vec<u8>,
}

/// A subtree: its bytes, a power of two of leaves unless it ends the stream, and its chaining value.
#[derive(Debug)]
struct Tree {
    start: u64,
    len: u64,
    value: [u8; 32],
}

impl Tree {
    fn of(start: u64, bytes: &[u8]) -> Tree {
        let mut hasher = Hasher::new();
        hasher.set_input_offset(start);
        hasher.update(bytes);
        Tree { start, len: bytes.len() as u64, value: hasher.finalize_non_root() }
    }
}

/// Hash the part of a stream that starts at byte `start` of it.
pub fn hash_part(start: u64, bytes: &[u8]) -> Part {
    let whole = start.next_multiple_of(LEAF as u64);
    let (head, mut rest) = bytes.split_at(bytes.len().min((whole - start) as usize));
    let (mut trees, mut at) = (Vec::new(), whole);
    while rest.len() >= LEAF {
        let longest = 1u64 << rest.len().ilog2();
        let len = max_subtree_len(at).map_or(longest, |most| most.min(longest));
        let (tree, later) = rest.split_at(len as usize);
        trees.push(Tree::of(at, tree));
        (at, rest) = (at + len, later);
    }
    Part { head: head.to_vec(), trees, tail: rest.to_vec() }
}

/// Puts parts together, in order.
#[derive(Debug, Default)]
pub struct Parts {
    /// Subtrees that wait for their neighbours, largest first.
    stack: Vec<Tree>,
    /// Bytes of the leaf that is not complete.
    open: Vec<u8>,
    /// Where it starts.
    at: u64,
}

impl Parts {
    /// The next part.
    pub fn push(&mut self, part: Part) {
        self.open.extend(part.head);
        if self.open.len() == LEAF {
            self.leaf();
        }
        for tree in part.trees {
            self.at += tree.len;
            self.tree(tree);
        }
        self.open.extend(part.tail);
    }

    fn leaf(&mut self) {
        let leaf = Tree::of(self.at, &self.open);
        self.at += leaf.len;
        self.open.clear();
        self.tree(leaf);
    }

    fn tree(&mut self, tree: Tree) {
        // Only now is it known that something follows, so that these are not the root.
        while let [.., left, right] = &self.stack[..] {
            if left.len != right.len || left.start % (2 * left.len) != 0 {
                break;
            }
            self.merge();
        }
        self.stack.push(tree);
    }

    fn merge(&mut self) {
        if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
            let value = merge_subtrees_non_root(&left.value, &right.value, Mode::Hash);
            self.stack.push(Tree { start: left.start, len: left.len + right.len, value });
        }
    }

    /// The digest of the stream. `None` where it is all one subtree, whose value is not its digest.
    pub fn finish(mut self) -> Option<Digest> {
        if self.stack.is_empty() {
            return Some(Digest::of(&self.open));
        }
        if !self.open.is_empty() {
            self.leaf();
        }
        while self.stack.len() > 2 {
            self.merge();
        }
        let (right, left) = (self.stack.pop()?, self.stack.pop()?);
        Some(merge_subtrees_root(&left.value, &right.value, Mode::Hash).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_parts_have_the_digest_of_the_whole() {
        for len in [0usize, 1, 1023, 1025, 2048, 3000, 5 * 1024, 1 << 17, (1 << 17) + 1, 300_000] {
            let bytes: Vec<u8> = (0..len).map(|n| (n * n % 251) as u8).collect();
            for step in [1, 7, 100, 1023, 1024, 1025, 2048, 4096 + 17, 1 << 16, 200_000]
                .into_iter()
                .filter(|step| len / step < 3000)
            {
                for first in [1, 45, 1024, step].into_iter().filter(|&first| first < len || !len.is_power_of_two()) {
                    let mut parts = Parts::default();
                    let (mut from, mut until) = (0, first.min(len));
                    while from < len {
                        parts.push(hash_part(from as u64, &bytes[from..until]));
                        (from, until) = (until, len.min(until + step));
                    }
                    assert_eq!(parts.finish(), Some(Digest::of(&bytes)), "{len} bytes, {first}, then {step} each");
                }
            }
        }
    }

    #[test]
    fn of_a_single_subtree_it_is_not_known() {
        let digest = |len: usize| {
            let mut parts = Parts::default();
            parts.push(hash_part(0, &vec![1; len]));
            parts.finish()
        };
        assert_eq!(digest(4096), None);
        assert_eq!(digest(4097), Some(Digest::of(&[1; 4097])));
    }
}
