//! Where the ids come from.

use super::facts::{Call, Facts, Policy};
use super::make::{Spent, TurnedDown, over_budget};
use alloc::{format, string::String, vec::Vec};
use serde::{Serialize, Serializer};

/// A way to ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdStrategy {
    /// They stand in the index.
    FromIdMap,
    /// The client that added the rows has kept them.
    FromCache,
    /// The source gives them.
    FromServer,
    /// Each vector is searched for, and the answers tell the ids.
    BySearch,
    /// Rows have no ids of their own: their numbers are their ids.
    Sequential,
    /// They cannot be had.
    Unknown,
}

impl IdStrategy {
    /// All, best first.
    pub const ALL: [IdStrategy; 6] = [
        IdStrategy::FromIdMap,
        IdStrategy::FromCache,
        IdStrategy::FromServer,
        IdStrategy::BySearch,
        IdStrategy::Sequential,
        IdStrategy::Unknown,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            IdStrategy::FromIdMap => "ids from the id map",
            IdStrategy::FromCache => "ids from the client's cache",
            IdStrategy::FromServer => "ids from the server",
            IdStrategy::BySearch => "ids recovered by search",
            IdStrategy::Sequential => "row numbers, which are the ids",
            IdStrategy::Unknown => "ids unknown",
        }
    }
}

impl Serialize for IdStrategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How the ids are had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdStep {
    /// The way.
    pub strategy: IdStrategy,
    /// Rows in a page.
    pub page: u64,
    /// Requests, as expected.
    pub requests: u64,
    /// Bytes that are moved.
    pub bytes: u64,
    /// Bytes of memory at most.
    pub memory: u64,
}

/// Bytes of an id.
const ID: u64 = 8;

/// The best way. `native`: the ids come with the bytes of the stream.
pub(super) fn choose(
    facts: &Facts,
    policy: &Policy,
    native: bool,
    spent: &Spent,
    turned_down: &mut Vec<TurnedDown>,
) -> IdStep {
    if native && facts.ids.own != Some(false) {
        return IdStep { strategy: IdStrategy::FromIdMap, page: facts.rows, requests: 0, bytes: 0, memory: 0 };
    }
    for strategy in IdStrategy::ALL {
        let step = match step(strategy, facts, policy) {
            Ok(step) => step,
            Err(None) => continue,
            Err(Some(why)) => {
                turned_down.push(TurnedDown { strategy: strategy.name(), why });
                continue;
            }
        };
        let (requests, bytes) = (spent.requests.saturating_add(step.requests), spent.bytes.saturating_add(step.bytes));
        match over_budget(facts, policy, requests, bytes).filter(|_| step.requests > 0) {
            None => return step,
            Some(why) => turned_down.push(TurnedDown { strategy: strategy.name(), why: format!("with it {why}") }),
        }
    }
    IdStep { strategy: IdStrategy::Unknown, page: 0, requests: 0, bytes: 0, memory: 0 }
}

/// What this way takes; why it cannot be gone, where that is worth a word.
fn step(strategy: IdStrategy, facts: &Facts, policy: &Policy) -> Result<IdStep, Option<String>> {
    let ids = &facts.ids;
    let rows = facts.rows;
    // Without ids of their own, rows have nothing to look for.
    let numbered = ids.own == Some(false);
    let room = policy.memory.saturating_sub(facts.cost.base_memory);
    let plain = |page: u64, requests: u64, bytes: u64| {
        let memory = facts.cost.base_memory.saturating_add(page.saturating_mul(ID));
        let fits = memory <= policy.memory;
        let why = || Some(format!("it takes {memory} bytes of memory, and {} are allowed", policy.memory));
        fits.then_some(IdStep { strategy, page, requests, bytes, memory }).ok_or_else(why)
    };
    let small = rows.min(room.checked_div(ID).unwrap_or(0)).min(1 << 16);
    match strategy {
        IdStrategy::Sequential if numbered || rows == 0 => {
            Ok(IdStep { strategy, page: rows, requests: 0, bytes: 0, memory: 0 })
        }
        _ if numbered || rows == 0 => Err(None),
        IdStrategy::FromIdMap if !ids.map => Err(None),
        IdStrategy::FromCache if !ids.cached => Err(None),
        IdStrategy::FromIdMap | IdStrategy::FromCache => plain(small, 0, rows.saturating_mul(ID)),
        IdStrategy::FromServer => {
            let page = ids.served.filter(|&page| page > 0).ok_or(None)?;
            if let Some(why) = facts.forbidden(Call::Ids) {
                return Err(Some(format!("it {why}")));
            }
            let page = page.min(policy.page.unwrap_or(u64::MAX).max(1)).min(small);
            let requests = rows.checked_div(page).map_or(u64::MAX, |_| rows.div_ceil(page.max(1)));
            plain(page, requests, rows.saturating_mul(ID))
        }
        IdStrategy::BySearch => {
            let search = ids.search.ok_or(None)?;
            if let Some(why) = facts.forbidden(Call::Search) {
                return Err(Some(format!("it {why}")));
            }
            // Two bits a row say which are found, and which to ask for again.
            let marks = rows.div_ceil(4);
            let left = room.saturating_sub(marks);
            let fit = left.checked_div(search.query_bytes).unwrap_or(u64::MAX);
            let page = search.page.min(fit).min(rows);
            if page == 0 {
                let (query, row) = (search.query_bytes, marks);
                return Err(Some(format!(
                    "a query takes {query} bytes of memory and marking the rows {row}, and {room} are left"
                )));
            }
            let queries = search.queries.min(rows);
            let requests = queries.div_ceil(page).saturating_mul(search.passes);
            let bytes = queries.saturating_mul(search.query_bytes).saturating_mul(search.passes);
            let held = page.saturating_mul(search.query_bytes);
            let memory = facts.cost.base_memory.saturating_add(marks).saturating_add(held);
            Ok(IdStep { strategy, page, requests, bytes, memory })
        }
        IdStrategy::Sequential | IdStrategy::Unknown => Err(None),
    }
}
