//! Where the links of a graph stand, and reading them by blocks of nodes.

use crate::bytes::Span;
use crate::error::Error;
use crate::window::{Read, Window};
use alloc::vec::Vec;
use core::ops::Range;

/// Links of the nodes of a block, as far as they have room for, and links of one node: 256 KiB.
const BLOCK_LINKS: u64 = 1 << 16;

/// Links of a block at most, with those of levels above 0; more is a graph out of joint.
const MOST_LINKS: u64 = BLOCK_LINKS * 8;

/// Levels of a graph at most: `HNSW::set_default_probas` makes 30 for the smallest M, 2.
pub(crate) const MOST_LEVELS: u64 = 64;

/// A graph.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// `faiss::HNSW`.
    Hnsw(Hnsw),
    /// `faiss::NSG`.
    Nsg(Nsg),
}

/// Where everything of an HNSW graph stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hnsw {
    /// Nodes.
    pub(crate) nodes: u64,
    /// `assign_probas`, `f64`.
    pub(crate) probas: Span,
    /// `cum_nneighbor_per_level`, `i32`.
    pub(crate) cum: Span,
    /// `levels`, one `i32` a node, 1 for a node that is on level 0 alone.
    pub(crate) levels: Span,
    /// `offsets`, one `u64` a node and one more.
    pub(crate) offsets: Span,
    /// `neighbors`, `i32`.
    pub(crate) neighbors: Span,
    /// `entry_point`.
    pub(crate) entry: i64,
    /// `max_level`.
    pub(crate) max_level: i64,
    /// Whether levels are drawn with `assign_probas`; else all nodes are on level 0 alone.
    pub(crate) is_drawn: bool,
}

/// Where everything of an NSG graph stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nsg {
    /// Nodes.
    pub(crate) nodes: u64,
    /// `R`: links of a node at most.
    pub(crate) degree: u64,
    /// `graph`: of each node its neighbors and -1, `i32`.
    pub(crate) graph: Span,
    /// `enterpoint`.
    pub(crate) entry: i64,
}

/// What has to be known before links can be read.
#[derive(Debug)]
pub(super) struct Tables {
    /// Chance of each level.
    pub(super) probas: Vec<f64>,
    /// Places of a node below each level; the last is that of a node on all of them.
    pub(super) cum: Vec<u64>,
    /// Nodes of a block.
    pub(super) per_block: u64,
    /// NSG: where the blocks start that are known so far, and the next.
    starts: Vec<u64>,
}

/// The links on level 0 of neighbouring nodes.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The first node.
    pub(super) first: u64,
    /// Where the links of each node end in `links`.
    pub(super) ends: Vec<u32>,
    /// Nodes that exist, one after the other.
    pub(super) links: Vec<u32>,
    /// Nodes whose links could not be read.
    pub(super) misplaced: u64,
}

impl Kind {
    pub(super) fn nodes(&self) -> u64 {
        match self {
            Kind::Hnsw(graph) => graph.nodes,
            Kind::Nsg(graph) => graph.nodes,
        }
    }

    pub(super) fn entry(&self) -> i64 {
        match self {
            Kind::Hnsw(graph) => graph.entry,
            Kind::Nsg(graph) => graph.entry,
        }
    }

    /// Read the tables.
    pub(super) fn tables(&self, window: &Window) -> Read<Tables> {
        match self {
            Kind::Nsg(graph) => {
                let per_block = per_block(graph.degree.saturating_add(1));
                let cum = Vec::from([0, graph.degree]);
                Ok(Tables { probas: Vec::new(), cum, per_block, starts: Vec::from([graph.graph.start]) })
            }
            Kind::Hnsw(graph) => {
                let probas = window.bytes(graph.probas)?;
                let probas = probas.as_chunks::<8>().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect();
                let bytes = window.bytes(graph.cum)?;
                let cum = bytes.as_chunks::<4>().0.iter().map(|four| i64::from(i32::from_le_bytes(*four)));
                let cum: Vec<u64> = cum.map_while(|sum| u64::try_from(sum).ok()).collect();
                let at = graph.cum.start;
                let ascends = cum.len() as u64 == graph.cum.len >> 2 && cum.is_sorted() && cum.first() == Some(&0);
                if !ascends && graph.nodes > 0 {
                    return Err(Error::invalid(at, "cum_nneighbor_per_level ascends from 0", listed(&bytes)).into());
                }
                let widest = cum.last().copied().unwrap_or(0);
                if widest > BLOCK_LINKS {
                    return Err(Error::limit(at, "links of one node", BLOCK_LINKS, widest).into());
                }
                let per_block = per_block(cum.get(1).copied().unwrap_or(1));
                Ok(Tables { probas, cum, per_block, starts: Vec::new() })
            }
        }
    }

    /// Read a block; `see` gets each node, a level of it, and its links there up to the first that is not used. The blocks
    /// of an NSG must be read in order at first.
    pub(super) fn read(
        &self,
        tables: &mut Tables,
        number: u64,
        window: &mut Window,
        mut see: impl FnMut(u64, u64, &[i32]),
    ) -> Read<Block> {
        let first = number.saturating_mul(tables.per_block);
        let nodes = first..first.saturating_add(tables.per_block).min(self.nodes());
        match self {
            Kind::Hnsw(graph) => graph.read(tables, nodes, window, &mut see),
            Kind::Nsg(graph) => graph.read(tables, number, nodes, window, &mut see),
        }
    }
}

impl Tables {
    /// How many blocks so many nodes make.
    pub(super) fn blocks(&self, nodes: u64) -> u64 {
        nodes.div_ceil(self.per_block.max(1))
    }

    /// Whether the links of so many nodes are kept.
    pub(super) fn keeps(&self, nodes: u64) -> bool {
        let each = self.cum.get(1).copied().unwrap_or(0).saturating_add(1).saturating_mul(4);
        nodes.saturating_mul(each) <= super::HELD
    }
}

/// Nodes in a block whose nodes have room for so many links.
fn per_block(room: u64) -> u64 {
    BLOCK_LINKS.checked_div(room).unwrap_or(BLOCK_LINKS).clamp(1, 1 << 14)
}

fn listed(bytes: &[u8]) -> alloc::string::String {
    let all: Vec<i32> = bytes.as_chunks::<4>().0.iter().take(8).map(|four| i32::from_le_bytes(*four)).collect();
    alloc::format!("{all:?}")
}

impl Hnsw {
    fn read(
        &self,
        tables: &Tables,
        nodes: Range<u64>,
        window: &mut Window,
        see: &mut impl FnMut(u64, u64, &[i32]),
    ) -> Read<Block> {
        let count = nodes.end.saturating_sub(nodes.start);
        let offsets_at = Span::new(element(self.offsets, nodes.start, 8), count.saturating_add(1).saturating_mul(8));
        let levels_at = Span::new(element(self.levels, nodes.start, 4), count.saturating_mul(4));
        let offsets = window.bytes(offsets_at)?;
        let levels = window.bytes(levels_at)?;
        let offsets: Vec<u64> = offsets.as_chunks::<8>().0.iter().map(|eight| u64::from_le_bytes(*eight)).collect();
        let levels = levels.as_chunks::<4>().0.iter().map(|four| i32::from_le_bytes(*four));
        let all = self.neighbors.len >> 2;
        // The places of each node, if they are as many as its level takes.
        let places: Vec<Option<Range<u64>>> = offsets
            .windows(2)
            .zip(levels)
            .map(|(pair, level)| {
                let (&[start, end], level) = (pair, usize::try_from(level).ok()?) else { return None };
                let room = tables.cum.get(level).filter(|_| level > 0)?;
                (end.checked_sub(start) == Some(*room) && end <= all).then_some(start..end)
            })
            .collect();
        let good = || places.iter().flatten();
        let start = good().map(|place| place.start).min().unwrap_or(0);
        let end = good().map(|place| place.end).max().unwrap_or(0);
        let is_apart = end.saturating_sub(start) > MOST_LINKS;
        let all = if is_apart { 0 } else { end.saturating_sub(start) };
        let links_at = Span::new(element(self.neighbors, start, 4), all.saturating_mul(4));
        let links = window.bytes(links_at)?;
        let links: Vec<i32> = links.as_chunks::<4>().0.iter().map(|four| i32::from_le_bytes(*four)).collect();
        let mut block = Block { first: nodes.start, ..Block::default() };
        for (node, place) in nodes.zip(&places) {
            match place.as_ref().filter(|_| !is_apart) {
                Some(place) => {
                    let from = usize::try_from(place.start.saturating_sub(start)).unwrap_or(usize::MAX);
                    let room = usize::try_from(place.end.saturating_sub(place.start)).unwrap_or(0);
                    let own = links.get(from..from.saturating_add(room)).unwrap_or(&[]);
                    self.node(tables, node, own, see, &mut block);
                }
                None => block.misplaced = block.misplaced.saturating_add(1),
            }
            block.end_node();
        }
        for span in [offsets_at, levels_at, links_at] {
            window.forget(span);
        }
        Ok(block)
    }

    /// The links of a node on each of its levels.
    fn node(&self, tables: &Tables, node: u64, own: &[i32], see: &mut impl FnMut(u64, u64, &[i32]), block: &mut Block) {
        for (level, pair) in (0..).zip(tables.cum.windows(2)) {
            let &[from, to] = pair else { return };
            let part = usize::try_from(from).ok().zip(usize::try_from(to).ok());
            let Some(links) = part.and_then(|(from, to)| own.get(from..to)) else { return };
            let used = links.iter().position(|&link| link == -1).and_then(|used| links.get(..used)).unwrap_or(links);
            see(node, level, used);
            if level == 0 {
                block.push(used, self.nodes);
            }
        }
    }
}

impl Nsg {
    fn read(
        &self,
        tables: &mut Tables,
        number: u64,
        nodes: Range<u64>,
        window: &mut Window,
        see: &mut impl FnMut(u64, u64, &[i32]),
    ) -> Read<Block> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let start = tables.starts.get(number).copied().unwrap_or(self.graph.end());
        let most = tables.per_block.saturating_mul(self.degree.saturating_add(1)).saturating_mul(4);
        let end = tables.starts.get(number.saturating_add(1)).copied();
        let end = end.unwrap_or_else(|| start.saturating_add(most).min(self.graph.end()));
        let bytes = window.bytes(Span::between(start, end))?;
        let ints: Vec<i32> = bytes.as_chunks::<4>().0.iter().map(|four| i32::from_le_bytes(*four)).collect();
        let mut block = Block { first: nodes.start, ..Block::default() };
        let (mut rest, mut at) = (ints.as_slice(), start);
        for node in nodes {
            match rest.iter().position(|&link| link == -1).and_then(|used| rest.split_at_checked(used)) {
                Some((used, behind)) => {
                    see(node, 0, used);
                    block.push(used, self.nodes);
                    at = at.saturating_add((used.len() as u64).saturating_add(1).saturating_mul(4));
                    rest = behind.get(1..).unwrap_or(&[]);
                }
                None => block.misplaced = block.misplaced.saturating_add(1),
            }
            block.end_node();
        }
        if tables.starts.len() == number.saturating_add(1) {
            tables.starts.push(at);
        }
        window.forget(Span::between(start, at));
        Ok(block)
    }
}

impl Block {
    /// Take in the links of a node that lead to nodes.
    fn push(&mut self, links: &[i32], nodes: u64) {
        let there = links.iter().filter_map(|&link| u32::try_from(link).ok()).filter(|&link| u64::from(link) < nodes);
        self.links.extend(there);
    }

    fn end_node(&mut self) {
        self.ends.push(u32::try_from(self.links.len()).unwrap_or(u32::MAX));
    }

    /// The links of a node of the block.
    pub(super) fn links_of(&self, place: usize) -> &[u32] {
        let end =
            |place: usize| self.ends.get(place).copied().map_or(0, |end| usize::try_from(end).unwrap_or(usize::MAX));
        let start = place.checked_sub(1).map_or(0, end);
        self.links.get(start..end(place)).unwrap_or(&[])
    }
}

/// Where element `index` of an array of `width` bytes each starts.
fn element(span: Span, index: u64, width: u64) -> u64 {
    span.start.saturating_add(index.saturating_mul(width))
}
