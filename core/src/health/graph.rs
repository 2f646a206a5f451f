//! Graphs, HNSW and NSG: levels, degrees, links that lead nowhere, nodes that no path leads to.
//!
//! The graph is read once from front to back, in blocks of nodes, for all counts. Which nodes can be reached is found
//! meanwhile: a block's nodes that are known to be reached hand that on to their neighbors. What is reached in a block
//! that has passed is handed on when that block is read again, until nothing is left to hand on. Graphs whose links fit
//! [`HELD`] are kept and read once; of others, blocks are read again as often as [`READ_AGAIN`] allows.

mod blocks;
mod counts;
mod reach;

pub(super) use blocks::{Hnsw, Kind, MOST_LEVELS, Nsg};

use super::section::Found;
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::limits::WALK_BYTES;
use crate::window::{Read, Window, step_of};
use alloc::{format, string::String, vec::Vec};
use blocks::{Block, Tables};
use counts::Counts;
use reach::Reach;

/// Nodes of a graph of which it is found out which can be reached: three bits each, 24 MiB.
pub(super) const MOST_NODES: u64 = 1 << 26;

/// Links that are kept in memory, in bytes.
pub(super) const HELD: u64 = 32 << 20;

/// How often, on average, blocks may be read again.
pub(super) const READ_AGAIN: u64 = 8;

/// Reads a graph.
pub(super) struct GraphReading {
    kind: Kind,
    window: Window,
    tables: Option<Tables>,
    counts: Counts,
    reach: Option<Reach>,
    /// Why it is not known which nodes can be reached.
    why_not: Option<String>,
    phase: Phase,
    /// Links of blocks that are kept.
    held: Vec<Block>,
    /// Nodes to which no path leads from the entry point.
    from_entry: Option<u64>,
    reads_left: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Counting levels; the byte to go on at.
    Levels(u64),
    /// Counting links; the number of the next block.
    Blocks(u64),
    /// Handing on, from the entry point alone.
    FromEntry,
    /// Handing on, from all nodes above level 0 too.
    FromAll,
    /// All is known.
    Done,
}

impl GraphReading {
    pub(super) fn new(kind: Kind, file_len: u64) -> GraphReading {
        let nodes = kind.nodes();
        let phase = match &kind {
            Kind::Hnsw(graph) => Phase::Levels(graph.levels.start),
            Kind::Nsg(_) => Phase::Blocks(0),
        };
        let (reach, why_not) = if nodes > MOST_NODES {
            (None, Some(format!("{nodes} nodes are more than the {MOST_NODES} of which paths are followed")))
        } else {
            (Some(Reach::new(nodes)), None)
        };
        GraphReading {
            counts: Counts::new(&kind),
            kind,
            window: Window::new(file_len),
            tables: None,
            reach,
            why_not,
            phase,
            held: Vec::new(),
            from_entry: None,
            reads_left: 0,
        }
    }

    fn run(&mut self) -> Read<Found> {
        if self.tables.is_none() {
            let tables = self.kind.tables(&self.window)?;
            self.counts.begin(&tables);
            let blocks = tables.blocks(self.kind.nodes());
            self.reads_left = blocks.saturating_mul(READ_AGAIN);
            if let Some(reach) = &mut self.reach {
                reach.begin(tables.per_block, blocks);
                u64::try_from(self.kind.entry()).ok().into_iter().for_each(|entry| reach.visit(entry));
            }
            self.tables = Some(tables);
        }
        loop {
            match self.phase {
                Phase::Levels(at) => self.levels(at)?,
                Phase::Blocks(number) => self.first_reading(number)?,
                Phase::FromEntry | Phase::FromAll => self.hand_on()?,
                Phase::Done => return Ok(self.counts.found(self.from_entry, self.reach.as_ref(), self.why_not.take())),
            }
        }
    }

    /// Count the levels from byte `at` on, as many as one request brings.
    fn levels(&mut self, at: u64) -> Read<()> {
        let Kind::Hnsw(graph) = &self.kind else {
            self.phase = Phase::Blocks(0);
            return Ok(());
        };
        let end = graph.levels.end();
        let piece = Span::new(at, end.saturating_sub(at).min(WALK_BYTES));
        let bytes = self.window.bytes(piece)?;
        let first = at.saturating_sub(graph.levels.start) >> 2;
        let levels = bytes.as_chunks::<4>().0.iter().map(|four| i32::from_le_bytes(*four));
        for (node, level) in (first..).zip(levels) {
            self.counts.level(node, level);
            if let Some(reach) = &mut self.reach
                && level > 1
            {
                reach.mark_above(node);
            }
        }
        self.window.forget(piece);
        self.phase = if piece.end() < end { Phase::Levels(piece.end()) } else { Phase::Blocks(0) };
        Ok(())
    }

    /// Count the links of block `number`, and hand on what is reached in it.
    fn first_reading(&mut self, number: u64) -> Read<()> {
        let Some(tables) = &mut self.tables else { return Ok(()) };
        if number >= tables.blocks(self.kind.nodes()) {
            self.phase = if self.reach.is_some() { Phase::FromEntry } else { Phase::Done };
            return Ok(());
        }
        let block = self.kind.read(tables, number, &mut self.window, |node, level, links| {
            self.counts.node(node, level, links, self.reach.as_ref());
        })?;
        let kept = tables.keeps(self.kind.nodes());
        self.counts.misplaced(block.misplaced);
        if let Some(reach) = &mut self.reach {
            reach.expand(number, &block);
            if kept {
                self.held.push(block);
            }
        }
        self.phase = Phase::Blocks(number.saturating_add(1));
        Ok(())
    }

    /// Hand on what is reached in one block where something is left to hand on.
    fn hand_on(&mut self) -> Read<()> {
        let (Some(reach), Some(tables)) = (&mut self.reach, &mut self.tables) else { return Ok(()) };
        let Some(number) = reach.next_dirty() else {
            let is_hnsw = matches!(self.kind, Kind::Hnsw(_));
            if self.phase == Phase::FromEntry {
                self.from_entry = Some(reach.unreached());
                reach.visit_above();
            }
            self.phase = if self.phase == Phase::FromEntry && is_hnsw { Phase::FromAll } else { Phase::Done };
            return Ok(());
        };
        if let Some(block) = usize::try_from(number).ok().and_then(|number| self.held.get(number)) {
            reach.expand(number, block);
            return Ok(());
        }
        if self.reads_left == 0 {
            self.why_not =
                Some(format!("paths turn back too often: blocks were read {READ_AGAIN} times more on average"));
            self.reach = None;
            self.phase = Phase::Done;
            return Ok(());
        }
        let block = self.kind.read(tables, number, &mut self.window, |_, _, _| {})?;
        self.reads_left = self.reads_left.saturating_sub(1);
        reach.expand(number, &block);
        Ok(())
    }
}

impl Reading for GraphReading {
    type Output = Found;

    fn step(&mut self) -> Result<Step<Found>, Error> {
        step_of(self.run())
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}
