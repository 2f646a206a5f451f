//! Which nodes can be reached: a bit for each that is reached, and one for each that has handed that on.

use super::blocks::Block;
use alloc::{vec, vec::Vec};

/// Nodes that are reached.
#[derive(Debug)]
pub(super) struct Reach {
    nodes: u64,
    reached: Bits,
    handed_on: Bits,
    /// Nodes on a level above 0.
    above: Bits,
    /// Blocks in which a reached node has not handed that on.
    dirty: Bits,
    per_block: u64,
    blocks: u64,
    /// The block after the one that was looked at last.
    next: u64,
    /// Nodes to hand on from, of the block at hand.
    pending: Vec<u32>,
}

impl Reach {
    pub(super) fn new(nodes: u64) -> Reach {
        let bits = || Bits::new(nodes);
        Reach {
            nodes,
            reached: bits(),
            handed_on: bits(),
            above: bits(),
            dirty: Bits::new(0),
            per_block: 1,
            blocks: 0,
            next: 0,
            pending: Vec::new(),
        }
    }

    /// Say how nodes are cut into blocks.
    pub(super) fn begin(&mut self, per_block: u64, blocks: u64) {
        (self.per_block, self.blocks, self.dirty) = (per_block.max(1), blocks, Bits::new(blocks));
    }

    /// Reach a node; nothing where there is no such node.
    pub(super) fn visit(&mut self, node: u64) {
        if node < self.nodes && self.reached.set(node) {
            self.dirty.set(node.checked_div(self.per_block).unwrap_or(0));
        }
    }

    /// Note that a node is on a level above 0.
    pub(super) fn mark_above(&mut self, node: u64) {
        self.above.set(node);
    }

    /// Whether a node is on a level above 0.
    pub(super) fn is_above(&self, node: u64) -> bool {
        self.above.has(node)
    }

    /// Reach all nodes above level 0.
    pub(super) fn visit_above(&mut self) {
        let above = core::mem::replace(&mut self.above, Bits::new(0));
        above.ones().for_each(|node| self.visit(node));
        self.above = above;
    }

    /// Hand on what is reached in a block, within the block until nothing is left.
    pub(super) fn expand(&mut self, number: u64, block: &Block) {
        let mut pending = core::mem::take(&mut self.pending);
        let place =
            |node: u64| usize::try_from(node.checked_sub(block.first)?).ok().filter(|&place| place < block.ends.len());
        let count = block.ends.len() as u64;
        let nodes = block.first..block.first.saturating_add(count);
        let waiting = nodes.filter(|&node| self.reached.has(node) && !self.handed_on.has(node));
        pending.extend(waiting.filter_map(|node| u32::try_from(node).ok()));
        while let Some(node) = pending.pop() {
            let node = u64::from(node);
            let Some(place) = place(node) else { continue };
            if !self.handed_on.set(node) {
                continue;
            }
            for &link in block.links_of(place) {
                if self.reached.set(link.into()) {
                    match link.checked_div(u32::try_from(self.per_block).unwrap_or(u32::MAX)) {
                        Some(other) if u64::from(other) == number => pending.push(link),
                        other => {
                            self.dirty.set(other.unwrap_or(0).into());
                        }
                    }
                }
            }
        }
        self.dirty.clear(number);
        self.pending = pending;
    }

    /// The next block in which something is left to hand on, going round.
    pub(super) fn next_dirty(&mut self) -> Option<u64> {
        let found = self.dirty.next_one(self.next).or_else(|| self.dirty.next_one(0))?;
        self.next = found.saturating_add(1);
        Some(found)
    }

    /// How many nodes are not reached.
    pub(super) fn unreached(&self) -> u64 {
        self.nodes.saturating_sub(self.reached.count())
    }

    /// The first nodes that are not reached.
    pub(super) fn unreached_nodes(&self, most: usize) -> Vec<u64> {
        (0..self.nodes).filter(|&node| !self.reached.has(node)).take(most).collect()
    }
}

/// A bit for each of many things.
#[derive(Debug)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: u64) -> Bits {
        Bits(vec![0; usize::try_from(count.div_ceil(64)).unwrap_or(0)])
    }

    fn word(number: u64) -> (usize, u64) {
        (usize::try_from(number / 64).unwrap_or(usize::MAX), 1_u64 << (number % 64))
    }

    /// Set a bit; whether it was not set.
    fn set(&mut self, number: u64) -> bool {
        let (word, mask) = Bits::word(number);
        let Some(word) = self.0.get_mut(word) else { return false };
        let is_new = *word & mask == 0;
        *word |= mask;
        is_new
    }

    fn clear(&mut self, number: u64) {
        let (word, mask) = Bits::word(number);
        if let Some(word) = self.0.get_mut(word) {
            *word &= !mask;
        }
    }

    fn has(&self, number: u64) -> bool {
        let (word, mask) = Bits::word(number);
        self.0.get(word).is_some_and(|word| word & mask != 0)
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The first bit that is set from `from` on.
    fn next_one(&self, from: u64) -> Option<u64> {
        let (first, mask) = Bits::word(from);
        // The bits below `from` in its word do not count.
        let from_first = |at: usize, word: u64| if at == first { word & !mask.wrapping_sub(1) } else { word };
        let rest = self.0.iter().enumerate().skip(first);
        rest.map(|(at, &word)| (at, from_first(at, word))).find(|(_, word)| *word != 0).map(|(at, word)| one(at, word))
    }

    /// All bits that are set.
    fn ones(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            let bits = (0..64_u64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| (at as u64).saturating_mul(64).saturating_add(bit))
        })
    }
}

fn one(at: usize, word: u64) -> u64 {
    (at as u64).saturating_mul(64).saturating_add(word.trailing_zeros().into())
}
