//! Finding rows by id along the cheapest road there is.
//!
//! [`LookUp`] gathers what is known of the ids of an opened index, chooses the road of each id
//! ([`plan_lookup`]) and goes it. What a snapshot records of its ids only leads to where to look: what is found
//! there decides. Whether the cost of a road is said first is up to the caller.

use crate::{
    Cause,
    drive::{drive, drive_on},
    inspect::Index,
    opened::Opened,
};
use faissil_core::{
    ids::{ExternalId, Found, IdPlace, IdStream, IdSummary, Lookup, Place, Plan, Road, plan_lookup},
    keep,
    snapshot::{self, Tree},
    vectors::{Codes, Stored},
};

/// Finds the rows of ids.
pub struct LookUp<'a> {
    opened: &'a Opened,
    index: &'a Index<'a>,
    place: &'a IdPlace<'a>,
    rows: u64,
    summary: Option<IdSummary>,
    pages: Option<Tree>,
}

impl<'a> LookUp<'a> {
    /// In the ids at `place` of an index, which `opened` holds.
    ///
    /// # Errors
    /// When what a snapshot records of its ids cannot be read.
    pub fn new(opened: &'a Opened, index: &'a Index<'a>, place: &'a IdPlace<'a>) -> Result<LookUp<'a>, Cause> {
        let recorded = match &opened.snapshot {
            Some(snapshot) => drive(snapshot.body::<snapshot::Ids>(), &opened.file)?,
            None => None,
        };
        let summary = recorded.as_ref().and_then(keep::id_summary);
        let pages = recorded.and_then(|ids| ids.lookup);
        Ok(LookUp { opened, index, place, rows: rows(index, place), summary, pages })
    }

    /// The road of this id, and what it costs.
    pub fn plan(&self, id: ExternalId) -> Plan {
        plan_lookup(self.place, self.summary.as_ref(), self.rows, self.pages.is_some(), id)
    }

    /// The rows of `id`, along the road that [`plan`](LookUp::plan) chose.
    ///
    /// # Errors
    /// When bytes cannot be read, or contradict what led to them.
    pub fn find(&self, id: ExternalId, road: Road) -> Result<Found, Cause> {
        if let (Road::Pages, Some(snapshot), Some(tree)) = (road, &self.opened.snapshot, &self.pages) {
            let rows = drive(snapshot.find_id(tree, id.0), &self.opened.file)?;
            return self.in_pages(id, &rows);
        }
        let lookup = Lookup::new(self.place, self.index.files(), self.summary.as_ref(), self.rows, road, id)?;
        drive(lookup, &self.index.joined())
    }

    /// Whether rows that are found here are the rows of `stored`. Behind a refinement or more than one id map they need
    /// not be: an id leads to a label there, and only the labels to rows.
    pub fn leads_to(&self, stored: &Stored<'_>) -> bool {
        match (self.place, stored.codes, stored.maps.as_slice()) {
            (IdPlace::Lists { record, .. }, Codes::Lists(_), []) => std::ptr::eq(*record, stored.record),
            (IdPlace::Map { array, .. }, Codes::Rows(_) | Codes::Levels { .. }, [map]) => std::ptr::eq(*array, *map),
            (IdPlace::None, Codes::Rows(_) | Codes::Levels { .. }, []) => true,
            _ => false,
        }
    }

    /// Rows that lookup pages name, with their places in lists.
    fn in_pages(&self, id: ExternalId, rows: &[u64]) -> Result<Found, Cause> {
        let mut found = Found { count: rows.len() as u64, places: Vec::new() };
        for &row in rows {
            let mut stream = IdStream::new(self.place, self.index.files(), row..row.saturating_add(1));
            let batch = drive_on(&mut stream, &self.index.joined())?;
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

/// How many rows the ids at `place` have.
pub fn rows(index: &Index<'_>, place: &IdPlace<'_>) -> u64 {
    match place {
        IdPlace::None => index.outline.root.u64("ntotal").unwrap_or(0),
        place => place.count().unwrap_or(0),
    }
}
