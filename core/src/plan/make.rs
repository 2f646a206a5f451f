//! Facts and a policy become a plan.

use super::facts::{Facts, Missing, Mode, Policy};
use super::ids::{self, IdStep, IdStrategy};
use super::strategy::Strategy;
use crate::report::Level;
use alloc::{format, string::String, vec::Vec};
use core::ops::Range;
use serde::Serialize;

/// What is going to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Where the index is: `local` or `remote`.
    pub mode: Mode,
    /// What gives it.
    pub from: String,
    /// What it is.
    pub index: String,
    /// Vectors in it.
    pub rows: u64,
    /// Dimensions of a vector.
    pub d: u32,
    /// The lowest fidelity of all rows.
    pub fidelity: Level,
    /// The vectors, in steps that cover each row once, in order.
    pub steps: Vec<Step>,
    /// The ids.
    pub ids: IdStep,
    /// Requests for rows and ids, as expected as long as no step fails.
    pub requests: u64,
    /// Requests beside them.
    pub overhead: u64,
    /// Bytes that are moved.
    pub bytes: u64,
    /// Bytes of memory at most.
    pub memory: u64,
    /// Milliseconds, as expected.
    pub millis: u64,
    /// What is not used, and why.
    pub turned_down: Vec<TurnedDown>,
    /// Why it cannot be carried out; empty when it can.
    pub refused: Vec<String>,
}

/// Rows that are had in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The first row.
    pub first: u64,
    /// Number of rows.
    pub rows: u64,
    /// How they are had.
    pub strategy: Strategy,
    /// What takes over, in this order, for the rows on which it fails.
    pub then: Vec<Strategy>,
    /// Rows in a page.
    pub page: u64,
    /// Requests.
    pub requests: u64,
    /// Bytes that are moved.
    pub bytes: u64,
    /// Bytes of memory at most.
    pub memory: u64,
    /// How close the rows come to what was added.
    pub fidelity: Level,
}

/// A way that is not gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurnedDown {
    /// Its name.
    pub strategy: &'static str,
    /// Why.
    pub why: String,
}

impl Step {
    /// The rows.
    pub fn range(&self) -> Range<u64> {
        self.first..self.first.saturating_add(self.rows)
    }
}

impl Plan {
    /// Whether it can be carried out.
    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Rows for which there is no vector.
    pub fn rows_left_out(&self) -> u64 {
        let nothing = self.steps.iter().filter(|step| step.strategy == Strategy::Nothing);
        nothing.fold(0, |sum, step| sum.saturating_add(step.rows))
    }
}

/// A strategy that can be used, and with which page.
#[derive(Clone, Copy)]
struct Offer {
    strategy: Strategy,
    page: u64,
    level: Level,
}

/// The best way to the vectors and ids of an index of which this is known, within what the caller accepts.
///
/// A plan that is [refused](Plan::is_refused) says why, and still shows what would be had.
pub fn plan(facts: &Facts, policy: &Policy) -> Plan {
    let mut turned_down = Vec::new();
    let offers: Vec<Offer> = Strategy::ALL
        .into_iter()
        .filter_map(|strategy| match offer(strategy, facts, policy) {
            Ok(offer) => Some(offer),
            Err(why) => {
                turned_down.push(TurnedDown { strategy: strategy.name(), why });
                None
            }
        })
        .collect();

    let mut making = Making { facts, policy, steps: Vec::new(), turned_down, refused: Vec::new() };
    making.vectors(&offers);
    let spent = making.steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step.requests));
    let moved = making.steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step.bytes));
    let native = making.steps.iter().any(|step| step.strategy == Strategy::NativeBytes);
    if policy.missing == Missing::LeaveOut
        && facts.rows > 0
        && making.steps.iter().all(|step| step.strategy == Strategy::Nothing)
    {
        making.refused.push("no row would be left".into());
    }
    let ids = ids::choose(facts, policy, native, &Spent { requests: spent, bytes: moved }, &mut making.turned_down);
    if ids.strategy == IdStrategy::Unknown && !policy.number_rows && facts.rows > 0 {
        making.refused.push("there is no way to the ids".into());
    }
    let (requests, bytes) = (spent.saturating_add(ids.requests), moved.saturating_add(ids.bytes));
    let memory = making.steps.iter().map(|step| step.memory).chain([ids.memory]).max().unwrap_or(0);
    let numbered = ids.strategy == IdStrategy::Unknown && facts.rows > 0;
    let worst = making.steps.iter().map(|step| step.fidelity).chain(numbered.then_some(Level::Partial)).max();
    let Making { steps, turned_down, refused, .. } = making;
    Plan {
        mode: facts.mode,
        from: facts.from.clone(),
        index: facts.index.clone(),
        rows: facts.rows,
        d: facts.d,
        fidelity: worst.unwrap_or(Level::ExactVectors),
        steps,
        ids,
        requests,
        overhead: facts.cost.overhead,
        bytes,
        memory,
        millis: millis(facts, requests, bytes),
        turned_down,
        refused,
    }
}

/// What the vectors take of the budget.
pub(super) struct Spent {
    pub(super) requests: u64,
    pub(super) bytes: u64,
}

/// Milliseconds for so many requests and bytes.
pub(super) fn millis(facts: &Facts, requests: u64, bytes: u64) -> u64 {
    let moving = bytes.checked_div(facts.cost.bytes_per_ms).unwrap_or(0);
    requests.saturating_mul(facts.cost.request_ms).saturating_add(moving)
}

/// Why so many requests and bytes are more than is allowed, if they are. What needs no request at all is not held against the overhead.
pub(super) fn over_budget(facts: &Facts, policy: &Policy, requests: u64, bytes: u64) -> Option<String> {
    let overhead = if requests > 0 { facts.cost.overhead } else { 0 };
    let requests = requests.saturating_add(overhead);
    if let Some(most) = policy.requests.filter(|&most| requests > most) {
        return Some(format!("it takes {requests} requests, and {most} are allowed"));
    }
    let expected = millis(facts, requests, bytes);
    let most = policy.millis.filter(|&most| expected > most)?;
    Some(format!("it takes about {expected} ms, and {most} are allowed"))
}

/// Whether a strategy can be used at all, and with which page.
fn offer(strategy: Strategy, facts: &Facts, policy: &Policy) -> Result<Offer, String> {
    if policy.without.has(strategy) {
        return Err("it is not wanted".into());
    }
    if let Some(why) = strategy.call().and_then(|call| facts.forbidden(call)) {
        return Err(format!("it {why}"));
    }
    let most = strategy.page(facts).ok_or_else(|| match &facts.can.undecoded {
        Some(why) if strategy == Strategy::DecodeCodes => why.clone(),
        _ => String::from(strategy.lacking(facts.mode)),
    })?;
    let level = strategy.level(facts);
    if level > policy.floor {
        return Err(format!("it gives {}, and {} are asked for", level.name(), policy.floor.name()));
    }
    let cost = &facts.cost;
    let room = policy.memory.checked_sub(cost.base_memory);
    let room = room.ok_or_else(|| {
        let (have, least) = (policy.memory, cost.base_memory.saturating_add(cost.row_memory));
        format!("{have} bytes of memory are too few to begin with, which takes {least}")
    })?;
    if strategy == Strategy::NativeBytes {
        return Ok(Offer { strategy, page: facts.rows, level });
    }
    let fit = room.checked_div(cost.row_memory).unwrap_or(u64::MAX);
    let page = most.min(policy.page.unwrap_or(u64::MAX).max(1)).min(fit);
    if page == 0 {
        let row = cost.row_memory;
        return Err(format!("a row takes {row} bytes of memory, and {room} are left"));
    }
    Ok(Offer { strategy, page, level })
}

struct Making<'a> {
    facts: &'a Facts,
    policy: &'a Policy,
    steps: Vec<Step>,
    turned_down: Vec<TurnedDown>,
    refused: Vec<String>,
}

impl Making<'_> {
    fn vectors(&mut self, offers: &[Offer]) {
        let all = 0..self.facts.rows;
        if let Some(&native) = offers.iter().find(|offer| offer.strategy == Strategy::NativeBytes) {
            let bytes = self.facts.can.native.unwrap_or(0);
            match over_budget(self.facts, self.policy, 0, bytes) {
                None => {
                    let then = others(offers, native.strategy, false);
                    let mut step = self.step(all, native, then);
                    (step.bytes, step.memory) = (bytes, self.facts.cost.base_memory);
                    self.steps.push(step);
                    return;
                }
                Some(why) => self.turn_down(native.strategy, why),
            }
        }
        let offers: Vec<Offer> =
            offers.iter().copied().filter(|offer| offer.strategy != Strategy::NativeBytes).collect();
        let cache = offers.iter().find(|offer| offer.strategy == Strategy::CachedVectors).copied();
        let cached = if cache.is_some() { runs(&self.facts.can.cached, self.facts.rows) } else { Vec::new() };
        let gaps = gaps(&cached, self.facts.rows);
        let for_gaps = self.for_gaps(&offers, &gaps);
        let mut parts: Vec<(Range<u64>, Option<Offer>)> = cached.into_iter().map(|run| (run, cache)).collect();
        parts.extend(gaps.iter().cloned().map(|gap| (gap, for_gaps)));
        parts.sort_by_key(|(rows, _)| rows.start);
        for (rows, offer) in parts {
            let step = match offer {
                Some(offer) => {
                    // The cache does not have what is in a gap.
                    let then = others(&offers, offer.strategy, true);
                    self.step(rows, offer, then)
                }
                None => self.missing(rows),
            };
            self.steps.push(step);
        }
    }

    /// The first strategy whose requests for all rows that are not cached are within the budget.
    fn for_gaps(&mut self, offers: &[Offer], gaps: &[Range<u64>]) -> Option<Offer> {
        let cached = self.facts.rows.saturating_sub(total(gaps));
        let bytes = self.row_bytes().saturating_mul(cached);
        for &offer in offers.iter().filter(|offer| offer.strategy != Strategy::CachedVectors) {
            let requests = gaps.iter().map(|gap| self.requests(offer, length(gap))).fold(0, u64::saturating_add);
            let moved = self.moved(offer.strategy, total(gaps)).saturating_add(bytes);
            match over_budget(self.facts, self.policy, requests, moved) {
                None => return Some(offer),
                Some(why) => self.turn_down(offer.strategy, why),
            }
        }
        None
    }

    /// Rows that no strategy gives.
    fn missing(&mut self, rows: Range<u64>) -> Step {
        let strategy = match self.policy.missing {
            Missing::Placeholder => Strategy::Placeholder,
            Missing::LeaveOut => Strategy::Nothing,
            Missing::Refuse => {
                self.refused.push(format!("there is no way to rows {}..{}", rows.start, rows.end));
                Strategy::Nothing
            }
        };
        let offer = Offer { strategy, page: length(&rows), level: strategy.level(self.facts) };
        Step { page: 0, bytes: 0, memory: 0, requests: 0, ..self.step(rows, offer, Vec::new()) }
    }

    fn step(&self, rows: Range<u64>, offer: Offer, then: Vec<Strategy>) -> Step {
        let cost = &self.facts.cost;
        let page = offer.page.min(length(&rows));
        Step {
            first: rows.start,
            rows: length(&rows),
            strategy: offer.strategy,
            then,
            page,
            requests: self.requests(offer, length(&rows)),
            bytes: self.moved(offer.strategy, length(&rows)),
            memory: cost.base_memory.saturating_add(cost.row_memory.saturating_mul(page)),
            fidelity: offer.level,
        }
    }

    /// Bytes of a vector in memory.
    fn row_bytes(&self) -> u64 {
        u64::from(self.facts.d).saturating_mul(4)
    }

    fn moved(&self, strategy: Strategy, rows: u64) -> u64 {
        let row = if strategy.is_asked() { self.facts.cost.row_bytes } else { self.row_bytes() };
        row.saturating_mul(rows).saturating_mul(self.times(strategy))
    }

    fn requests(&self, offer: Offer, rows: u64) -> u64 {
        let pages = if offer.strategy.is_asked() { rows.div_ceil(offer.page.max(1)) } else { 0 };
        pages.saturating_mul(self.times(offer.strategy))
    }

    /// How often a page is asked for, when answers agree at once.
    fn times(&self, strategy: Strategy) -> u64 {
        if self.policy.twice && strategy.is_asked() { 2 } else { 1 }
    }

    fn turn_down(&mut self, strategy: Strategy, why: String) {
        self.turned_down.push(TurnedDown { strategy: strategy.name(), why });
    }
}

/// What can take over from a strategy: those behind it, which give no more.
fn others(offers: &[Offer], from: Strategy, without_cache: bool) -> Vec<Strategy> {
    let behind = offers.iter().map(|offer| offer.strategy).filter(|&strategy| strategy > from);
    behind.filter(|&strategy| !(without_cache && strategy == Strategy::CachedVectors)).collect()
}

fn length(rows: &Range<u64>) -> u64 {
    rows.end.saturating_sub(rows.start)
}

fn total(runs: &[Range<u64>]) -> u64 {
    runs.iter().map(length).fold(0, u64::saturating_add)
}

/// Runs in order, without overlap, within `rows`.
fn runs(given: &[Range<u64>], rows: u64) -> Vec<Range<u64>> {
    let mut given: Vec<Range<u64>> = given.iter().map(|run| run.start..run.end.min(rows)).collect();
    given.retain(|run| !run.is_empty());
    given.sort_by_key(|run| run.start);
    let mut out: Vec<Range<u64>> = Vec::new();
    for run in given {
        match out.last_mut().filter(|last| run.start <= last.end) {
            Some(last) => last.end = last.end.max(run.end),
            None => out.push(run),
        }
    }
    out
}

/// What lies between runs that are in order, up to `rows`.
fn gaps(runs: &[Range<u64>], rows: u64) -> Vec<Range<u64>> {
    let starts = [0].into_iter().chain(runs.iter().map(|run| run.end));
    let ends = runs.iter().map(|run| run.start).chain([rows]);
    starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty()).collect()
}
