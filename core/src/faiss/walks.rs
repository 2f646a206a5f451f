//! Walks over data whose end or meaning is only known by going through it.
//!
//! A walk is run again with the grammar whenever bytes have arrived, and goes on where it stopped: its
//! progress is kept here, a few numbers, and the bytes behind it are let go of. Every number it finds
//! is held against the length of the file before it is believed.

use crate::bytes::Span;
use crate::error::Error;
use crate::limits::{HEADER_BYTES, WALK_BYTES};
use crate::lists::Survey;
use crate::window::{Read, Stop, Window};
use alloc::vec::Vec;

/// A walk, with its progress.
pub(super) enum Walk {
    /// Over inverted lists.
    Lists(Survey),
    /// Over vectors that each stand behind their count.
    Counted(Counted),
    /// Over the neighbors of each node of an NSG graph.
    Neighbors(Neighbors),
    /// Over the levels of the nodes of an HNSW graph.
    Levels(Levels),
}

/// Vectors behind counts, one after the other.
pub(super) struct Counted {
    start: u64,
    at: u64,
    left: u64,
    /// Bytes of one element.
    width: u64,
    /// For buckets: bytes of one code. After each vector of ids then stands a vector of codes.
    code_size: Option<u64>,
    /// Elements of all vectors, without the codes.
    pub(super) total: u64,
}

/// Lists of neighbors, `int`s that end with -1.
pub(super) struct Neighbors {
    start: u64,
    at: u64,
    nodes: u64,
    done: u64,
    most: u64,
    in_node: u64,
    /// Neighbors of all nodes.
    pub(super) edges: u64,
}

/// Levels of HNSW nodes, `int`s from 1 up.
pub(super) struct Levels {
    span: Span,
    at: u64,
    /// How many nodes reach each level, from level 0 up; `None` when a level makes no sense.
    pub(super) nodes_per_level: Option<Vec<u64>>,
}

impl Walk {
    /// `n` vectors of elements of `width` bytes.
    pub(super) fn counted(start: u64, n: u64, width: u64) -> Walk {
        Walk::Counted(Counted { start, at: start, left: n, width, code_size: None, total: 0 })
    }

    /// `n` buckets: a vector of ids and a vector of their codes each.
    pub(super) fn buckets(start: u64, n: u64, code_size: u64) -> Walk {
        Walk::Counted(Counted { start, at: start, left: n, width: 8, code_size: Some(code_size), total: 0 })
    }

    /// The neighbors of `nodes` nodes, at most `most` each.
    pub(super) fn neighbors(start: u64, nodes: u64, most: u64) -> Walk {
        Walk::Neighbors(Neighbors { start, at: start, nodes, done: 0, most, in_node: 0, edges: 0 })
    }

    /// The levels in `span`.
    pub(super) fn levels(span: Span) -> Walk {
        Walk::Levels(Levels { span, at: span.start, nodes_per_level: Some(Vec::new()) })
    }

    /// Go on as far as the bytes allow; the byte after the data at the end.
    pub(super) fn run(&mut self, window: &mut Window) -> Read<u64> {
        match self {
            Walk::Lists(survey) => survey.run(window).map(|lists| lists.span.end()),
            Walk::Counted(walk) => walk.run(window),
            Walk::Neighbors(walk) => walk.run(window),
            Walk::Levels(walk) => walk.run(window),
        }
    }
}

impl Counted {
    fn run(&mut self, window: &mut Window) -> Read<u64> {
        while self.left > 0 {
            let next = self.vector(window).map_err(|stop| {
                ask(stop, Span::between(self.start, self.at), HEADER_BYTES, window.file_len(), window)
            })?;
            self.at = next;
            self.left = self.left.saturating_sub(1);
        }
        Ok(self.at)
    }

    /// Where the vector at `self.at` ends, with its codes.
    fn vector(&mut self, window: &Window) -> Read<u64> {
        let count = u64_at(window, self.at)?;
        let data = Span::new(self.at.saturating_add(8), count.saturating_mul(self.width));
        window.check(data)?;
        let mut end = data.end();
        if let Some(code_size) = self.code_size {
            let (expected, found) = (count.saturating_mul(code_size), u64_at(window, end)?);
            if expected != found {
                let rule = "codes of a bucket = entries * code_size";
                return Err(Error::inconsistent(end, rule, expected, found).into());
            }
            let codes = Span::new(end.saturating_add(8), found);
            window.check(codes)?;
            end = codes.end();
        }
        self.total = self.total.saturating_add(count);
        Ok(end)
    }
}

impl Neighbors {
    fn run(&mut self, window: &mut Window) -> Read<u64> {
        while self.done < self.nodes {
            let (start, at) = (self.start, self.at);
            let ints = ints(window, at)
                .map_err(|stop| ask(stop, Span::between(start, at), WALK_BYTES, window.file_len(), window))?;
            for id in ints {
                self.neighbor(id)?;
                self.at = self.at.saturating_add(4);
                if self.done == self.nodes {
                    break;
                }
            }
        }
        Ok(self.at)
    }

    fn neighbor(&mut self, id: i32) -> Read<()> {
        if id == -1 {
            self.done = self.done.saturating_add(1);
            self.in_node = 0;
            return Ok(());
        }
        if !u64::try_from(id).is_ok_and(|id| id < self.nodes) {
            return Err(Error::invalid(self.at, "a neighbor is a node, or -1", id).into());
        }
        if self.in_node == self.most {
            return Err(Error::invalid(self.at, "-1 stands after at most R neighbors", id).into());
        }
        self.in_node = self.in_node.saturating_add(1);
        self.edges = self.edges.saturating_add(1);
        Ok(())
    }
}

impl Levels {
    /// Levels that any graph could have: each has a fraction of the nodes of the one below.
    const MOST: i32 = 64;

    fn run(&mut self, window: &mut Window) -> Read<u64> {
        while self.at < self.span.end() && self.nodes_per_level.is_some() {
            let (start, at) = (self.span.start, self.at);
            let ints = ints(window, at)
                .map_err(|stop| ask(stop, Span::between(start, at), WALK_BYTES, self.span.end(), window))?;
            for level in ints {
                if self.at >= self.span.end() {
                    break;
                }
                self.level(level);
                self.at = self.at.saturating_add(4);
            }
        }
        Ok(self.span.end())
    }

    fn level(&mut self, level: i32) {
        let Some(nodes) = &mut self.nodes_per_level else { return };
        match usize::try_from(level) {
            Ok(levels) if (1..=Levels::MOST).contains(&level) => {
                nodes.resize(nodes.len().max(levels), 0);
                nodes.iter_mut().take(levels).for_each(|n| *n = n.saturating_add(1));
            }
            _ => self.nodes_per_level = None,
        }
    }
}

/// The whole `int`s that have arrived from `at` on; at least one.
fn ints(window: &Window, at: u64) -> Read<Vec<i32>> {
    let whole = window.run(at, WALK_BYTES).chunks_exact(4);
    let ints: Vec<i32> = whole.filter_map(|bytes| bytes.first_chunk().copied()).map(i32::from_le_bytes).collect();
    if !ints.is_empty() {
        return Ok(ints);
    }
    let mut bytes = [0; 4];
    window.copy(at, &mut bytes)?;
    Ok(Vec::from([i32::from_le_bytes(bytes)]))
}

fn u64_at(window: &Window, at: u64) -> Read<u64> {
    let mut bytes = [0; 8];
    window.copy(at, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Ask for `most` bytes up to `end`, and let go of what lies behind.
fn ask(stop: Stop, behind: Span, most: u64, end: u64, window: &mut Window) -> Stop {
    let Stop::Need(missing) = stop else { return stop };
    window.forget(behind);
    let rest = end.saturating_sub(missing.start).min(most);
    Stop::Need(Span::new(missing.start, rest.max(missing.len)))
}
