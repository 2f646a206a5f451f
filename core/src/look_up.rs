//! Finding rows by id along the cheapest road there is, and reading rows.
//!
//! [`LookUp`] gathers what is known of the ids of an index, chooses the road of each id
//! ([`plan_lookup`]) and goes it. What a snapshot records of its ids only leads to where to look: what is found
//! there decides. Whether the cost of a road is said first is up to the caller. [`rows_by_id`] finds the rows of stored
//! vectors, [`vectors`] reads a few of them.

use crate::bytes::{Span, slice};
use crate::error::Cause;
use crate::ids::{self, ExternalId, Found, IdPlace, IdStream, IdSummary, Lookup, Place, Plan, Road, Row, plan_lookup};
use crate::index::Index;
use crate::keep;
use crate::opened::Access;
use crate::report::{FoundId, FoundIds, FoundPlace, Level};
use crate::snapshot::{Ids, Tree};
use crate::source::Source;
use crate::vectors::{Codes, FindRows, Stored, VectorStream, find};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};
use core::ops::Range;

/// Finds the rows of ids.
pub struct LookUp<'a> {
    access: &'a Access<'a>,
    place: IdPlace<'a>,
    joined: Source<'a>,
    /// The same, not checked.
    unchecked: Source<'a>,
    rows: u64,
    summary: Option<IdSummary>,
    pages: Option<Tree>,
}

impl<'a> LookUp<'a> {
    /// In the ids of an index.
    ///
    /// # Errors
    /// When the ids cannot be followed, or what a snapshot records of them cannot be read.
    pub async fn new(access: &'a Access<'a>, index: &'a Index) -> Result<LookUp<'a>, Cause> {
        let place = id_place(index)?;
        let recorded = match &access.opened.snapshot {
            Some(snapshot) => access.file().run(&mut snapshot.body::<Ids>()).await?,
            None => None,
        };
        let summary = recorded.as_ref().and_then(keep::id_summary);
        let pages = recorded.and_then(|ids| ids.lookup);
        let (joined, unchecked) = (index.joined(access), index.joined_unchecked(access));
        Ok(LookUp { access, place, joined, unchecked, rows: rows(index, &place), summary, pages })
    }

    /// Where the ids are.
    pub fn place(&self) -> &IdPlace<'a> {
        &self.place
    }

    /// The road of this id, and what it costs.
    pub fn plan(&self, id: ExternalId) -> Plan {
        plan_lookup(&self.place, self.summary.as_ref(), self.rows, self.pages.is_some(), id)
    }

    /// The rows of `id`, along the road that [`plan`](LookUp::plan) chose.
    ///
    /// # Errors
    /// When bytes cannot be read, or contradict what led to them.
    pub async fn find(&self, id: ExternalId, road: Road) -> Result<Found, Cause> {
        if let (Road::Pages, Some(snapshot), Some(tree)) = (road, &self.access.opened.snapshot, &self.pages) {
            let rows = self.access.file().run(&mut snapshot.find_id(tree, id.0)).await?;
            return self.in_pages(id, &rows).await;
        }
        let (files, summary) = (self.joined.files(), self.summary.as_ref());
        let mut lookup = Lookup::new(&self.place, files, summary, self.rows, road, id)?;
        self.joined.run(&mut lookup).await
    }

    /// Whether rows that are found here are the rows of `stored`. Behind a refinement or more than one id map they need
    /// not be: an id leads to a label there, and only the labels to rows.
    pub fn leads_to(&self, stored: &Stored<'_>) -> bool {
        match (self.place, stored.codes, stored.maps.as_slice()) {
            (IdPlace::Lists { record, .. }, Codes::Lists(..), []) => core::ptr::eq(record, stored.record),
            (_, Codes::Lists(..), _) => false,
            (IdPlace::Map { array, .. }, _, [map]) => core::ptr::eq(array, *map),
            (IdPlace::None, _, []) => true,
            _ => false,
        }
    }

    /// Rows that lookup pages name, with their places in lists. The pages were checked, and the id that stands in a row is
    /// only compared with the one that led there: if its bytes are damaged it differs, which is damage either way. So
    /// its chunk is not read.
    async fn in_pages(&self, id: ExternalId, rows: &[u64]) -> Result<Found, Cause> {
        let mut found = Found { count: rows.len() as u64, places: Vec::new() };
        for &row in rows {
            let mut stream = IdStream::new(&self.place, self.joined.files(), row..row.saturating_add(1));
            let batch = self.unchecked.run(&mut stream).await?;
            let there = batch.and_then(|batch| Some((batch.row, batch.at, *batch.ids.first()?)));
            match there {
                Some((row, at, stored)) if stored == id => found.places.push(Place { row, at, stored }),
                other => {
                    let found = other.map_or("no id".into(), |(.., stored)| format!("the id {}", stored.0));
                    let said = format!("the id lookup says that the id {} is in row {row}, where {found} is", id.0);
                    return Err(Cause::Damage(said));
                }
            }
        }
        Ok(found)
    }
}

/// Where the ids of an index are.
///
/// # Errors
/// When that cannot be told, or the file with them is not there.
pub fn id_place(index: &Index) -> Result<IdPlace<'_>, Cause> {
    if let Some(missing) = index.side_missing() {
        return Err(Cause::Refused(missing));
    }
    let place = ids::place(&index.outline);
    match (&place, &index.outline.fault) {
        (IdPlace::Unfollowed(_), Some(fault)) => Err(fault.clone().into()),
        (IdPlace::Unfollowed(why), None) => Err(Cause::Refused(why.sentence())),
        _ => Ok(place),
    }
}

/// How many rows the ids at `place` have.
pub fn rows(index: &Index, place: &IdPlace<'_>) -> u64 {
    match place {
        IdPlace::None => index.outline.root.u64("ntotal").unwrap_or(0),
        place => place.count().unwrap_or(0),
    }
}

/// The rows that are asked for, of `all`.
///
/// # Errors
/// When they start behind the last.
pub fn rows_of(wanted: Option<Range<u64>>, all: u64) -> Result<Range<u64>, Cause> {
    match wanted {
        None => Ok(0..all),
        Some(rows) if rows.start > all => {
            Err(Cause::Refused(format!("there are {all} rows, so none from {}", rows.start)))
        }
        Some(rows) => Ok(rows.start..rows.end.min(all)),
    }
}

/// The ids of a range of rows.
///
/// # Errors
/// When they cannot be read.
pub async fn ids_of(access: &Access<'_>, index: &Index, rows: Range<u64>) -> Result<Vec<ExternalId>, Cause> {
    let place = id_place(index)?;
    let rows = rows_of(Some(rows), self::rows(index, &place))?;
    let joined = index.joined(access);
    let mut stream = IdStream::new(&place, joined.files(), rows);
    let mut out = Vec::new();
    while let Some(batch) = joined.run(&mut stream).await? {
        out.extend(batch.ids);
    }
    Ok(out)
}

/// What was found, as a report on the file called `name`.
pub fn found_ids(name: &str, found: &[(ExternalId, Found)]) -> FoundIds {
    let place = |place: &Place| FoundPlace {
        row: place.row.0,
        list: place.at.map(|at| at.list),
        offset: place.at.map(|at| at.offset),
    };
    let one = |(id, found): &(ExternalId, Found)| FoundId {
        id: id.0,
        count: found.count,
        places: found.places.iter().map(place).collect(),
    };
    FoundIds { file: name.into(), found: found.iter().map(one).collect() }
}

/// The vectors that an index stores, or that its codes decode to.
///
/// # Errors
/// When there are none, or the file with them is not there.
pub fn stored(index: &Index) -> Result<Stored<'_>, Cause> {
    if let Some(missing) = index.side_missing() {
        return Err(Cause::Refused(missing));
    }
    find(&index.outline).map_err(|not| match index.outline.fault.clone() {
        // What is missing is not to blame when the file breaks off before it.
        Some(fault) => fault.into(),
        None => Cause::Refused(not.reason),
    })
}

/// The rows of stored vectors with these ids, ascending, each with its id. Ids that no other road leads to are looked
/// for in one pass over all; `scans` is told why first.
///
/// # Errors
/// When ids cannot be read, or one of them has no vector.
pub async fn rows_by_id(
    access: &Access<'_>,
    index: &Index,
    stored: &Stored<'_>,
    wanted: &BTreeSet<ExternalId>,
    scans: impl FnOnce(Option<String>),
) -> Result<Vec<(Row, ExternalId)>, Cause> {
    let look_up = LookUp::new(access, index).await?;
    let (mut found, mut unfound, mut why) = (Vec::new(), Vec::new(), None);
    for &id in wanted {
        if !look_up.leads_to(stored) {
            unfound.push(id);
            continue;
        }
        let plan = look_up.plan(id);
        if plan.road == Road::Scan {
            why.get_or_insert(plan.why);
            unfound.push(id);
            continue;
        }
        let rows = look_up.find(id, plan.road).await?;
        if rows.count > rows.places.len() as u64 {
            // Only so many rows are listed.
            unfound.push(id);
        } else {
            found.extend(rows.places.iter().map(|place| (place.row, id)));
        }
    }
    if !unfound.is_empty() {
        scans(why);
        let joined = index.joined(access);
        found.extend(joined.run(&mut FindRows::new(stored, joined.files(), unfound)).await?);
    }
    all_there(found, wanted)
}

/// Rows that were found, ascending, if each id has one.
fn all_there(
    mut found: Vec<(Row, ExternalId)>,
    wanted: &BTreeSet<ExternalId>,
) -> Result<Vec<(Row, ExternalId)>, Cause> {
    found.sort_unstable();
    let there: BTreeSet<ExternalId> = found.iter().map(|(_, id)| *id).collect();
    let missing: Vec<String> = wanted.difference(&there).take(10).map(|id| format!("{id}")).collect();
    if missing.is_empty() {
        return Ok(found);
    }
    Err(Cause::Refused(format!("no vector has the id {}", missing.join(", "))))
}

/// A few vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vectors {
    /// Dimensions.
    pub d: u64,
    /// Whether they are the vectors that were added, or decoded.
    pub fidelity: Level,
    /// Whether rows are the bits of a binary index, `d / 8` bytes each, and not floats.
    pub is_binary: bool,
    /// The row of each, ascending.
    pub rows: Vec<Row>,
    /// The id of each.
    pub ids: Vec<ExternalId>,
    /// The floats, little-endian, `d` of them a row; or the bits.
    pub floats: Vec<u8>,
}

impl Vectors {
    fn of(stored: &Stored<'_>, rows: Vec<Row>, ids: Vec<ExternalId>, floats: Vec<u8>) -> Vectors {
        Vectors { d: stored.d, fidelity: fidelity(stored), is_binary: stored.is_binary(), rows, ids, floats }
    }
}

/// How close vectors of `stored` are to those that were added.
pub fn fidelity(stored: &Stored<'_>) -> Level {
    if stored.is_exact() { Level::ExactVectors } else { Level::DecodedVectors }
}

/// Which vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// A range of rows.
    Range(Range<u64>),
    /// These rows.
    Rows(Vec<Row>),
    /// Those with these ids.
    Ids(Vec<ExternalId>),
}

/// Bytes of floats that are given at once, at most.
const MOST_FLOATS: u64 = 16 << 20;

/// A few of the vectors of an index, ascending by row. Rows are those of its ids: those of the id map
/// where there is one.
///
/// # Errors
/// When there are none, they are more than 16 MiB, or cannot be read.
pub async fn vectors(access: &Access<'_>, index: &Index, which: Which) -> Result<Vectors, Cause> {
    let stored = stored(index)?;
    let joined = index.joined(access);
    let is_mapped = matches!(stored.codes, Codes::Lists(..)) && !stored.maps.is_empty();
    let all = if is_mapped { id_place(index)?.count().unwrap_or(0) } else { stored.rows };
    let rows = match which {
        Which::Range(rows) => {
            let rows = rows_of(Some(rows), all)?;
            check_size(rows.end.saturating_sub(rows.start), &stored)?;
            rows.map(Row).collect()
        }
        Which::Rows(mut rows) => {
            rows.sort_unstable();
            rows.dedup();
            if let Some(row) = rows.last().filter(|row| row.0 >= all) {
                return Err(Cause::Refused(format!("there are {all} rows, so no row {row}")));
            }
            rows
        }
        Which::Ids(ids) => {
            let wanted: BTreeSet<ExternalId> = ids.into_iter().collect();
            check_size(wanted.len() as u64, &stored)?;
            let found = match is_mapped {
                true => mapped_rows_by_id(access, index, &wanted).await?,
                false => rows_by_id(access, index, &stored, &wanted, |_| {}).await?,
            };
            let (rows, ids): (Vec<Row>, Vec<ExternalId>) = found.into_iter().unzip();
            let floats = match is_mapped {
                true => mapped_floats(&joined, &stored, &rows).await?,
                false => floats(&joined, &stored, &rows).await?,
            };
            return Ok(Vectors::of(&stored, rows, ids, floats));
        }
    };
    check_size(rows.len() as u64, &stored)?;
    if is_mapped {
        let floats = mapped_floats(&joined, &stored, &rows).await?;
        let ids = ids_of_rows(&joined, &id_place(index)?, &rows).await?;
        return Ok(Vectors::of(&stored, rows, ids, floats));
    }
    let mut stream = VectorStream::rows(&stored, joined.files(), rows.clone(), true);
    let mut out = Vectors::of(&stored, rows, Vec::new(), Vec::new());
    while let Some(batch) = joined.run(&mut stream).await? {
        out.ids.extend(batch.ids);
        out.floats.extend(batch.floats);
    }
    Ok(out)
}

/// The ids of rows that ascend.
async fn ids_of_rows(joined: &Source<'_>, place: &IdPlace<'_>, rows: &[Row]) -> Result<Vec<ExternalId>, Cause> {
    let mut ids = Vec::new();
    for run in rows.chunk_by(|a, b| a.0.checked_add(1) == Some(b.0)) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let mut stream = IdStream::new(place, joined.files(), first.0..last.0.saturating_add(1));
        while let Some(batch) = joined.run(&mut stream).await? {
            ids.extend(batch.ids);
        }
    }
    Ok(ids)
}

/// The floats of these rows of `stored`, in any order and as often as they are named.
async fn floats(joined: &Source<'_>, stored: &Stored<'_>, rows: &[Row]) -> Result<Vec<u8>, Cause> {
    let mut once = rows.to_vec();
    once.sort_unstable();
    once.dedup();
    let mut stream = VectorStream::rows(stored, joined.files(), once.clone(), false);
    let mut read = Vec::new();
    while let Some(batch) = joined.run(&mut stream).await? {
        read.extend(batch.floats);
    }
    if once.len() == rows.len() && rows.is_sorted() {
        return Ok(read);
    }
    let mut out = Vec::new();
    for row in rows {
        let at = once.binary_search(row).unwrap_or_default() as u64;
        out.extend_from_slice(slice(&read, Span::new(at.saturating_mul(stored.row_bytes), stored.row_bytes)));
    }
    Ok(out)
}

/// Lists under an id map: a list entry says which row of the map it is. The floats of these rows of the map.
async fn mapped_floats(joined: &Source<'_>, stored: &Stored<'_>, rows: &[Row]) -> Result<Vec<u8>, Cause> {
    // Without the outermost map the ids of entries are its rows.
    let mut inner = stored.clone();
    inner.maps.pop();
    let labels = rows.iter().map(|row| ExternalId(row.0.cast_signed()));
    let found = joined.run(&mut FindRows::new(&inner, joined.files(), labels)).await?;
    let entries: BTreeMap<ExternalId, Row> = found.into_iter().map(|(entry, label)| (label, entry)).collect();
    let mut of_rows = Vec::new();
    for row in rows {
        match entries.get(&ExternalId(row.0.cast_signed())) {
            Some(entry) => of_rows.push(*entry),
            None => return Err(Cause::Damage(format!("row {row} of the id map has no vector in the lists"))),
        }
    }
    floats(joined, &inner, &of_rows).await
}

/// The rows of an id map with these ids, ascending.
async fn mapped_rows_by_id(
    access: &Access<'_>,
    index: &Index,
    wanted: &BTreeSet<ExternalId>,
) -> Result<Vec<(Row, ExternalId)>, Cause> {
    let look_up = LookUp::new(access, index).await?;
    let mut found = Vec::new();
    for &id in wanted {
        let rows = look_up.find(id, look_up.plan(id).road).await?;
        found.extend(rows.places.iter().map(|place| (place.row, id)));
    }
    all_there(found, wanted)
}

fn check_size(rows: u64, stored: &Stored<'_>) -> Result<(), Cause> {
    let bytes = rows.saturating_mul(stored.row_bytes);
    if bytes <= MOST_FLOATS {
        return Ok(());
    }
    let most = MOST_FLOATS.checked_div(stored.row_bytes).unwrap_or(0);
    Err(Cause::Refused(format!("{rows} vectors are too many to be taken out at once; take {most} at a time")))
}
