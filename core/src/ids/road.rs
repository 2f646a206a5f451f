//! Which way leads from an id to its rows, and what it costs, said before it is gone.
//!
//! [`plan_lookup`] is a pure choice: it looks at where the ids are, what is known of them, and whether
//! a snapshot has lookup pages. Costs are upper bounds.

use super::{ExternalId, IdKind, IdPlace, IdSummary};
use crate::files::read_through;
use crate::limits::{HEADER_BYTES, LISTS_PER_CHECKPOINT, WALK_BYTES};
use crate::lists::{Layout, Sizes};
use crate::outline::{Array, Value};
use alloc::{format, string::String};

/// Bytes of ids that a bisection reads at once.
pub(super) const PROBE_BYTES: u64 = 4096;
/// Most requests and bytes of a lookup in the pages of a snapshot (`docs/snapshot-format.md`).
const PAGES: Cost = Cost { bytes: 2 << 20, requests: 5 };

/// A way from an id to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// The id is outside the range of all ids: nothing to read.
    Outside,
    /// The row follows from the id by arithmetic; one id is read to check it.
    Arithmetic,
    /// The direct map of an IVF, an array by id, says list and offset; that id is read to check it.
    DirectMap,
    /// Sorted ids are bisected.
    Bisection,
    /// The lookup pages of a snapshot; not a road that [`super::Lookup`] goes.
    Pages,
    /// All ids are read.
    Scan,
}

/// What a road reads, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Bytes.
    pub bytes: u64,
    /// Requests for bytes.
    pub requests: u64,
}

/// A road, what it costs, and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The way to go.
    pub road: Road,
    /// What it reads, at most.
    pub cost: Cost,
    /// The reason, as a sentence in lower case without a full stop.
    pub why: String,
}

/// How to find `id`. `summary` as far as it is known; `rows` is the number of rows of the index;
/// `has_pages` whether the snapshot has lookup pages.
pub fn plan_lookup(
    place: &IdPlace<'_>,
    summary: Option<&IdSummary>,
    rows: u64,
    has_pages: bool,
    id: ExternalId,
) -> Plan {
    let plan = |road, cost, why: String| Plan { road, cost, why };
    if let IdPlace::None = place {
        let inside = u64::try_from(id.0).is_ok_and(|id| id < rows);
        let road = if inside { Road::Arithmetic } else { Road::Outside };
        return plan(road, Cost::default(), format!("no ids are stored: they are the row numbers 0..{rows}"));
    }
    // One id that a file holds has names beside it that no summary covers.
    let aliases = place.aliases() > 0;
    let summary = summary.filter(|_| !aliases);
    if let Some((min, max)) = summary.and_then(|summary| Some((summary.min?, summary.max?)))
        && (id < min || id > max)
    {
        return plan(Road::Outside, Cost::default(), format!("all ids are from {min} to {max}"));
    }
    match summary.map(|summary| summary.kind) {
        Some(IdKind::None) => return plan(Road::Outside, Cost::default(), "there are no ids".into()),
        Some(kind @ (IdKind::Sequential | IdKind::Stride)) => {
            let why = format!("the ids are {}: the row follows by arithmetic", adjective(kind));
            return plan(Road::Arithmetic, one_id(place), why);
        }
        _ => {}
    }
    if let IdPlace::Lists { .. } = place
        && !aliases
        && direct_map(place).is_some()
    {
        return plan(
            Road::DirectMap,
            one_id(place),
            "the direct map of the index says list and offset of each id".into(),
        );
    }
    if has_pages && !aliases {
        return plan(Road::Pages, PAGES, "the snapshot has lookup pages, sorted by id".into());
    }
    if let (Some(IdKind::Sorted), IdPlace::Map { .. }) = (summary.map(|summary| summary.kind), place) {
        // Half of what is left goes with every probe, for the first and for the last row of the id.
        let probes = rows.saturating_mul(8).div_ceil(PROBE_BYTES).max(1).ilog2().saturating_add(2);
        let requests = u64::from(probes).saturating_mul(2);
        let cost = Cost { bytes: requests.saturating_mul(PROBE_BYTES), requests };
        return plan(Road::Bisection, cost, "the ids are sorted: they are bisected".into());
    }
    let cost = scan_cost(place);
    let reason = match summary {
        None if aliases => "vectors that were added twice have ids of their own",
        None => "how the ids follow each other is not known",
        Some(_) => "the ids are in no order that helps",
    };
    plan(
        Road::Scan,
        cost,
        format!("{reason}: all of them are read, {} bytes in {} requests", cost.bytes, cost.requests),
    )
}

fn adjective(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Stride => "evenly spaced",
        kind => kind.name(),
    }
}

/// Sizes of lists from one checkpoint to the next, and one id.
fn one_id(place: &IdPlace<'_>) -> Cost {
    let IdPlace::Lists { lists, .. } = place else { return Cost { bytes: 8, requests: 1 } };
    match lists.sizes {
        Sizes::Inline => inline_sizes(lists.nlist.min(LISTS_PER_CHECKPOINT.saturating_add(1))),
        // Pairs are bisected for the checkpoint first.
        Sizes::Sparse(_) => Cost { bytes: WALK_BYTES.saturating_add(4096), requests: 64 },
        Sizes::Full(_) | Sizes::Slots(_) => Cost { bytes: WALK_BYTES.saturating_add(16), requests: 4 },
    }
}

/// Sizes that stand in front of the data of each of `lists` lists.
fn inline_sizes(lists: u64) -> Cost {
    let requests = lists.saturating_add(1).saturating_mul(2);
    Cost { bytes: requests.saturating_mul(HEADER_BYTES), requests }
}

fn scan_cost(place: &IdPlace<'_>) -> Cost {
    let whole = |bytes: u64| Cost { bytes, requests: bytes.div_ceil(WALK_BYTES) };
    match place {
        IdPlace::Map { array, .. } => whole(array.span.len),
        IdPlace::Lists { lists, instances, .. } => {
            let sizes = match lists.sizes {
                Sizes::Full(span) | Sizes::Sparse(span) | Sizes::Slots(span) => whole(span.len),
                Sizes::Inline => inline_sizes(lists.nlist),
            };
            let first = match &lists.layout {
                Layout::Split { ids, .. } => *ids,
                _ => lists.span,
            };
            let ids = match read_through(lists, first) {
                Some(region) => whole(region.len),
                None => {
                    let ids = whole(lists.balance.total.saturating_mul(8));
                    Cost { requests: ids.requests.saturating_add(lists.balance.non_empty), ..ids }
                }
            };
            sizes.and(ids).and(whole(instances.map_or(0, |array| array.span.len)))
        }
        IdPlace::None | IdPlace::Unfollowed(_) => Cost::default(),
    }
}

impl Cost {
    fn and(self, other: Cost) -> Cost {
        let bytes = self.bytes.saturating_add(other.bytes);
        Cost { bytes, requests: self.requests.saturating_add(other.requests) }
    }
}

/// Whether a direct map is an array by id (`DirectMap::Array`, number 1).
fn is_array(kind: Option<&Value>) -> bool {
    matches!(kind.and_then(Value::as_u64), Some(1))
}

/// The direct map of an IVF, where it is an array by id.
pub(super) fn direct_map<'a>(place: &IdPlace<'a>) -> Option<&'a Array> {
    let IdPlace::Lists { record, .. } = place else { return None };
    is_array(record.value("direct_map.type")).then(|| record.array("direct_map.array"))?
}
