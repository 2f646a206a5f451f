//! The ids of an id map, by search.
//!
//! An id map answers a search with what its base answers, each row turned into its id. So the same queries, put to the map and to its base, get
//! the same rows at the same places: row and id, side by side, duplicates included. A query with the vector of a row whose id is not
//! known tells that one and those of its neighbours, so most rows are never asked about. An answer whose distances differ
//! between the two tells nothing, and a row that is told two ids means that the index changed.

use super::{MOST_NEIGHBOURS, NEIGHBOURS, ServerSource};
use crate::{Cause, remote::Answers, source::Arrived};
use std::collections::BTreeSet;

/// Learn the ids of all rows that can be found. `page` queries at a time.
pub(super) fn by_search(source: &mut ServerSource, page: u64, arrived: &mut dyn Arrived) -> Result<(), Cause> {
    let rows = source.place.listed.rows;
    // Rows that their own vector does not find among so many neighbours are asked for once more among all that can be had.
    for (neighbours, queries) in [(NEIGHBOURS, page), (MOST_NEIGHBOURS, (page * NEIGHBOURS / MOST_NEIGHBOURS).max(1))] {
        let neighbours = neighbours.min(rows);
        let mut from = 0;
        while let Some(asked) = choose(rows, &mut from, queries, arrived) {
            let mut vectors = Vec::new();
            for row in &asked {
                vectors.extend(arrived.vector(*row)?);
            }
            let (map, base) = (source.place.listed.index.clone(), source.place.base.index.clone());
            let of_base = source.client.search(&base, &vectors, source.facts.d, neighbours)?;
            let of_map = source.client.search(&map, &vectors, source.facts.d, neighbours)?;
            for (rows_found, ids_found) in of_base.iter().zip(&of_map) {
                learn(rows_found, ids_found, rows, arrived)?;
            }
        }
    }
    Ok(())
}

/// The next rows to ask about; each is asked about once in a round.
fn choose(rows: u64, from: &mut u64, most: u64, arrived: &dyn Arrived) -> Option<BTreeSet<u64>> {
    let mut out = BTreeSet::new();
    while *from < rows && (out.len() as u64) < most {
        if arrived.wants(*from) {
            out.insert(*from);
        }
        *from += 1;
    }
    (!out.is_empty()).then_some(out)
}

/// Take down which row has which id, as far as two answers to one query tell.
fn learn(of_base: &Answers, of_map: &Answers, rows: u64, arrived: &mut dyn Arrived) -> Result<(), Cause> {
    let same = of_base.distances.len() == of_map.distances.len()
        && of_base.distances.iter().zip(&of_map.distances).all(|(a, b)| a.to_bits() == b.to_bits());
    if !same {
        return Ok(());
    }
    for (&row, &id) in of_base.labels.iter().zip(&of_map.labels) {
        // -1 is "nothing found" in the base; in the map it may be an id.
        let Some(row) = u64::try_from(row).ok().filter(|row| *row < rows) else { continue };
        match arrived.id(row)? {
            None if arrived.wants(row) => arrived.note(row, id)?,
            Some(known) if known != id => {
                let said = format!("row {row} was told two ids, {known} and {id}: the index changed meanwhile");
                return Err(Cause::Refused(said));
            }
            _ => {}
        }
    }
    Ok(())
}
