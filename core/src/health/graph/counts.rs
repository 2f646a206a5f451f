//! What is counted over a graph, and what it means.

use super::super::about::{self, Measure, State, judged};
use super::super::detail::{Degrees, Detail, GraphDetail, Level};
use super::super::section::Found;
use super::blocks::{Kind, MOST_LEVELS, Tables};
use super::reach::Reach;
use crate::report::{Json, grouped};
use alloc::{format, string::String, vec, vec::Vec};

/// Rows that are named.
const MOST_ROWS: usize = 100;

/// Standard deviations from which on levels are not what was drawn; see [`about::LEVELS`].
const FAR: f64 = 5.0;

/// The least standard deviation of levels that are all but empty.
const RARE_SPREAD: f64 = 2.0;

/// Nodes that must be expected on a level to judge it by itself.
const ENOUGH: f64 = 10.0;

/// Counts over a graph.
#[derive(Debug)]
pub(super) struct Counts {
    kind: &'static str,
    nodes: u64,
    entry: i64,
    max_level: Option<i64>,
    is_drawn: bool,
    probas: Vec<f64>,
    /// Nodes by their highest level.
    levels: Vec<u64>,
    /// The highest level of the entry point.
    entry_level: Option<u64>,
    degrees: Vec<Degrees>,
    out_of_range: u64,
    to_itself: u64,
    below: u64,
    misplaced: u64,
}

impl Counts {
    pub(super) fn new(kind: &Kind) -> Counts {
        let (name, max_level, is_drawn) = match kind {
            Kind::Hnsw(graph) => ("HNSW", Some(graph.max_level), graph.is_drawn),
            Kind::Nsg(_) => ("NSG", None, false),
        };
        Counts {
            kind: name,
            nodes: kind.nodes(),
            entry: kind.entry(),
            max_level,
            is_drawn,
            probas: Vec::new(),
            levels: Vec::new(),
            entry_level: None,
            degrees: Vec::new(),
            out_of_range: 0,
            to_itself: 0,
            below: 0,
            misplaced: 0,
        }
    }

    /// Make room for what the tables say there is.
    pub(super) fn begin(&mut self, tables: &Tables) {
        self.probas = tables.probas.clone();
        for (level, pair) in (0..MOST_LEVELS).zip(tables.cum.windows(2)) {
            let &[from, to] = pair else { continue };
            let room = to.saturating_sub(from);
            self.degrees.push(Degrees { level, room, nodes: 0, links: 0, histogram: Vec::new() });
        }
        self.levels = vec![0; self.degrees.len()];
    }

    /// Count the level of a node, as stored: 1 for level 0.
    pub(super) fn level(&mut self, node: u64, stored: i32) {
        let level = usize::try_from(stored).ok().and_then(|stored| stored.checked_sub(1));
        if let Some(count) = level.and_then(|level| self.levels.get_mut(level)) {
            *count = count.saturating_add(1);
        }
        if u64::try_from(self.entry) == Ok(node) {
            self.entry_level = level.map(|level| level as u64);
        }
    }

    /// Count the links of a node on a level.
    pub(super) fn node(&mut self, node: u64, level: u64, links: &[i32], reach: Option<&Reach>) {
        for &link in links {
            match u64::try_from(link).ok().filter(|&link| link < self.nodes) {
                None => self.out_of_range = self.out_of_range.saturating_add(1),
                Some(link) if link == node => self.to_itself = self.to_itself.saturating_add(1),
                Some(link) if level > 0 && reach.is_some_and(|reach| !reach.is_above(link)) => {
                    self.below = self.below.saturating_add(1);
                }
                Some(_) => {}
            }
        }
        let Some(degrees) = usize::try_from(level).ok().and_then(|level| self.degrees.get_mut(level)) else { return };
        degrees.nodes = degrees.nodes.saturating_add(1);
        degrees.links = degrees.links.saturating_add(links.len() as u64);
        if degrees.histogram.len() <= links.len() {
            degrees.histogram.resize(links.len().saturating_add(1), 0);
        }
        if let Some(count) = degrees.histogram.get_mut(links.len()) {
            *count = count.saturating_add(1);
        }
    }

    /// Count nodes in a wrong place.
    pub(super) fn misplaced(&mut self, nodes: u64) {
        self.misplaced = self.misplaced.saturating_add(nodes);
    }

    /// What it came to.
    pub(super) fn found(&mut self, from_entry: Option<u64>, reach: Option<&Reach>, why_not: Option<String>) -> Found {
        let is_hnsw = self.max_level.is_some();
        let at_all = reach.map(Reach::unreached).filter(|_| is_hnsw);
        let mut measures = Vec::from([self.broken_links(reach.is_some()), self.broken_layout(), self.dead_ends()]);
        let why = why_not.unwrap_or_else(|| "paths were not followed".into());
        let measured = |about: about::About, count: Option<u64>| match count {
            Some(count) => {
                let says = format!("{} of {} nodes", grouped(count), grouped(self.nodes));
                about.is(Json::Uint(count), judged(count > 0), says)
            }
            None => about.unknown(why.clone()),
        };
        measures.push(measured(about::UNREACHABLE, from_entry));
        if is_hnsw {
            measures.push(measured(about::UNREACHABLE_AT_ALL, at_all));
            measures.extend(self.level_counts());
        }
        let levels = self.levels();
        while self.degrees.last().is_some_and(|degrees| degrees.nodes == 0 && degrees.level > 0) {
            self.degrees.pop();
        }
        let detail = GraphDetail {
            kind: self.kind,
            nodes: self.nodes,
            entry_point: self.entry,
            max_level: self.max_level,
            levels,
            degrees: core::mem::take(&mut self.degrees),
            links_out_of_range: self.out_of_range,
            links_to_itself: self.to_itself,
            links_below: reach.map(|_| self.below),
            nodes_misplaced: self.misplaced,
            unreachable: from_entry,
            unreachable_at_all: at_all,
            unreachable_rows: reach.map(|reach| reach.unreached_nodes(MOST_ROWS)).unwrap_or_default(),
        };
        Found { measures, detail: Detail::Graph(detail) }
    }

    fn broken_links(&self, with_levels: bool) -> Measure {
        let count = self.out_of_range.saturating_add(self.to_itself).saturating_add(self.below);
        let mut says =
            format!("{} to no node, {} to the node itself", grouped(self.out_of_range), grouped(self.to_itself));
        if with_levels && self.max_level.is_some() {
            says = format!("{says}, {} to a node that is not on that level", grouped(self.below));
        }
        about::LINKS.is(Json::Uint(count), damaged(count > 0), says)
    }

    fn broken_layout(&self) -> Measure {
        let highest = self.levels.iter().rposition(|&nodes| nodes > 0).map(|level| level as u64);
        let is_node = u64::try_from(self.entry).is_ok_and(|entry| entry < self.nodes);
        let is_on_top = match self.max_level {
            Some(max) => self.entry_level == highest && u64::try_from(max).ok() == highest,
            None => true,
        };
        let is_entry_bad = self.nodes > 0 && !(is_node && is_on_top);
        let count = self.misplaced.saturating_add(u64::from(is_entry_bad));
        let entry = match (self.nodes, is_entry_bad) {
            (0, _) => "there is no node to start from".into(),
            (_, true) => format!("the entry point {} is not one", self.entry),
            (_, false) => format!("the entry point {} is one", self.entry),
        };
        let says = format!("{} nodes are misplaced; {entry}", grouped(self.misplaced));
        about::LAYOUT.is(Json::Uint(count), damaged(count > 0), says)
    }

    fn dead_ends(&self) -> Measure {
        let level = self.degrees.first();
        let count = level.and_then(|level| level.histogram.first()).copied().unwrap_or(0);
        let mean = level.map_or(0.0, |level| level.links as f64 / (level.nodes as f64).max(1.0));
        let room = level.map_or(0, |level| level.room);
        let says = format!("{} nodes have no link; {mean:.1} of {room} links on average", grouped(count));
        about::DEAD_ENDS.is(Json::Uint(count), judged(count > 0 && self.nodes > 1), says)
    }

    /// How many nodes each level has, and should have.
    fn levels(&self) -> Vec<Level> {
        let highest = self.levels.iter().rposition(|&nodes| nodes > 0).map_or(0, |level| level.saturating_add(1));
        let of = |level: usize| self.levels.iter().skip(level).sum();
        let one = |(level, &nodes): (usize, &u64)| {
            let expected = self.probas.get(level).filter(|_| self.is_drawn).map(|p| p * self.nodes as f64);
            Level { level: level as u64, nodes, expected, on_level: of(level) }
        };
        self.levels.iter().enumerate().take(highest).map(one).collect()
    }

    fn level_counts(&self) -> Option<Measure> {
        if !self.is_drawn || self.nodes == 0 {
            return None;
        }
        let n = self.nodes as f64;
        // Levels that are expected to be all but empty, together.
        let (mut rare, mut rare_found) = (0.0, 0_u64);
        let mut worst: Option<(f64, String)> = None;
        let mut judge = |p: f64, least: f64, found: u64, what: String| {
            let (expected, spread) = (n * p, libm::sqrt(n * p * (1.0 - p)).max(least));
            let off = if spread > 0.0 { (found as f64 - expected).abs() / spread } else { 0.0 };
            if worst.as_ref().is_none_or(|(most, _)| off > *most) {
                worst = Some((off, format!("{what} has {} nodes, {expected:.0} are expected", grouped(found))));
            }
        };
        for (level, &found) in self.levels.iter().enumerate() {
            let p = self.probas.get(level).copied().unwrap_or(0.0).clamp(0.0, 1.0);
            if n * p >= ENOUGH {
                judge(p, 0.0, found, format!("level {level}"));
            } else {
                rare += p;
                rare_found = rare_found.saturating_add(found);
            }
        }
        // One node where none is expected is no surprise.
        judge(rare.min(1.0), RARE_SPREAD, rare_found, "what is above".into());
        let (off, says) = worst?;
        Some(about::LEVELS.is(Json::Float(off), judged(off > FAR), says))
    }
}

/// The state of a count of what must not be.
fn damaged(is_bad: bool) -> State {
    if is_bad { State::Damage } else { State::Good }
}
