//! The ids of an id map, by search.
//!
//! An id map answers a search with what its base answers, each row turned into its id. So the same queries, put to the map and to its base, get
//! the same rows at the same places: row and id, side by side, duplicates included. An answer whose distances differ
//! between the two tells nothing, and a row that is told two ids means that the index changed.
//!
//! A query tells as many rows as it may have neighbours, so the art is to ask for other rows each time. The neighbours of a vector are often
//! the same few that lie in the middle of everything. Those of a point far out beyond a vector, seen from the middle, are the rows that lie in its
//! direction: other ones for each vector, and itself among them. So rows that are not known are asked for by points far out first, as long as that
//! tells many at a time. What is left, such as rows near the middle, is asked for by its own vectors, hundreds at a time among few neighbours, and what even
//! that does not tell once more in every way.

use super::{ServerSource, place::MOST_NEIGHBOURS};
use crate::{
    Cause,
    remote::{Answers, Trouble},
    source::Arrived,
};

/// How far out a query lies, in lengths of its vector from the middle: so far that the length of a row counts little beside its direction, and
/// not so far that float32 has no digits left for it.
const FAR: f32 = 16.0;
/// Rows whose mean is the middle.
const MIDDLE: u64 = 256;

/// Ids that a query has to tell, in the middle of all of a request, for asking far out to go on.
const WORTH: u64 = 32;
/// Queries in a request that asks among few neighbours, at most.
const MANY: u64 = 256;

/// One way of asking: how far out, among how many neighbours, how many ids a query has to tell for it to go on.
struct Round {
    far: bool,
    neighbours: u64,
    worth: u64,
}

const ROUNDS: [Round; 5] = [
    Round { far: true, neighbours: MOST_NEIGHBOURS, worth: WORTH },
    Round { far: false, neighbours: 16, worth: 0 },
    Round { far: false, neighbours: 1000, worth: 0 },
    Round { far: true, neighbours: MOST_NEIGHBOURS, worth: 0 },
    Round { far: false, neighbours: MOST_NEIGHBOURS, worth: 0 },
];

/// Learn the ids of all rows that can be found, with `most` requests if that is set. `page` queries among most neighbours at a time.
pub(super) fn by_search(
    source: &mut ServerSource,
    page: u64,
    most: Option<u64>,
    arrived: &mut dyn Arrived,
) -> Result<(), Cause> {
    let (rows, d) = (source.place.listed.rows, source.facts.d);
    let (map, base) = (source.place.listed.index.clone(), source.place.base.index.clone());
    let middle = middle(rows, d, arrived)?;
    let wanted_of = |arrived: &dyn Arrived, row| arrived.has_vector(row) && arrived.lacks_id(row);
    let mut asked = 0;
    for round in ROUNDS {
        let neighbours = round.neighbours.min(rows);
        // As many queries as take the memory of a page of the largest.
        let queries = page * query_bytes(d, MOST_NEIGHBOURS.min(rows)) / query_bytes(d, neighbours);
        let queries = queries.clamp(1, MANY);
        let mut order = Order::new(rows);
        loop {
            let wanted = order.next_that(queries, |row| wanted_of(arrived, row));
            if wanted.is_empty() {
                break;
            }
            asked += 2;
            if most.is_some_and(|most| asked > most) {
                return Ok(());
            }
            let mut vectors = Vec::new();
            for row in &wanted {
                let vector = arrived.vector(*row)?;
                vectors.extend(if round.far { far_out(&vector, &middle) } else { vector });
            }
            let mut search = |index: &str| source.client.search(index, &vectors, d, neighbours);
            let (of_base, of_map) = match search(&base).and_then(|of_base| Ok((of_base, search(&map)?))) {
                Err(Trouble::Denied(words)) => {
                    source.warnings.push(format!("the server stopped answering searches for ids: {words}"));
                    return Ok(());
                }
                answers => answers?,
            };
            let mut told = 0;
            for (rows_found, ids_found) in of_base.iter().zip(&of_map) {
                told += learn(rows_found, ids_found, rows, arrived)?;
            }
            if told < round.worth * wanted.len() as u64 {
                break;
            }
        }
    }
    Ok(())
}

/// Bytes that a query and its answers take: a neighbour takes 18 on its way and 64 in memory, twice.
pub(super) fn query_bytes(d: u32, neighbours: u64) -> u64 {
    u64::from(d) * 9 + neighbours * 160
}

/// Queries that it is expected to take: each tells `neighbours` rows of all, taken as if by chance, until none is left.
pub(super) fn expected(rows: u64) -> u64 {
    if rows <= MOST_NEIGHBOURS {
        return rows.min(4);
    }
    let (rows, told) = (rows as f64, MOST_NEIGHBOURS as f64);
    (rows / told * (rows.ln() + 1.0)).ceil() as u64
}

/// The mean of some rows that have arrived.
fn middle(rows: u64, d: u32, arrived: &dyn Arrived) -> Result<Vec<f32>, Cause> {
    let mut sum = vec![0.0_f64; d as usize];
    let sample = rows.min(MIDDLE);
    let mut count = 0_u64;
    for row in (0..sample).map(|n| n * rows / sample).filter(|&row| arrived.has_vector(row)) {
        count += 1;
        for (sum, value) in sum.iter_mut().zip(floats(&arrived.vector(row)?)) {
            *sum += f64::from(value);
        }
    }
    Ok(sum.into_iter().map(|sum| (sum / count.max(1) as f64) as f32).collect())
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|float| f32::from_le_bytes(*float))
}

/// A point beyond the vector, seen from the middle.
fn far_out(vector: &[u8], middle: &[f32]) -> Vec<u8> {
    let beyond = |(value, middle): (f32, &f32)| middle + FAR * (value - middle);
    floats(vector).zip(middle).map(beyond).flat_map(f32::to_le_bytes).collect()
}

/// All rows once, neighbours far apart: rows that were added together are often alike.
struct Order {
    rows: u64,
    step: u64,
    done: u64,
}

impl Order {
    fn new(rows: u64) -> Order {
        // The golden section, moved to where it has no divisor in common with the rows.
        let golden = (rows as f64 * 0.618_034) as u64;
        let step = (golden.max(1)..).find(|&step| divisor(step, rows) == 1).unwrap_or(1);
        Order { rows, step, done: 0 }
    }

    /// The next rows, at most so many, of which `which` is true.
    fn next_that(&mut self, most: u64, which: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut out = Vec::new();
        while self.done < self.rows && (out.len() as u64) < most {
            let row = (u128::from(self.done) * u128::from(self.step) % u128::from(self.rows)) as u64;
            self.done += 1;
            if which(row) {
                out.push(row);
            }
        }
        out
    }
}

fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Take down which row has which id, as far as two answers to one query tell. Gives how many were not known.
fn learn(of_base: &Answers, of_map: &Answers, rows: u64, arrived: &mut dyn Arrived) -> Result<u64, Cause> {
    let same = of_base.distances.len() == of_map.distances.len()
        && of_base.distances.iter().zip(&of_map.distances).all(|(a, b)| a.to_bits() == b.to_bits());
    if !same {
        return Ok(0);
    }
    let mut told = 0;
    for (&row, &id) in of_base.labels.iter().zip(&of_map.labels) {
        // -1 is "nothing found" in the base; in the map it may be an id.
        let Some(row) = u64::try_from(row).ok().filter(|row| *row < rows) else { continue };
        match arrived.id(row)? {
            // Also of rows whose vectors did not come: zeros may stand in for them.
            None => {
                arrived.note(row, id)?;
                told += 1;
            }
            Some(known) if known != id => {
                let said = format!("row {row} was told two ids, {known} and {id}: the index changed meanwhile");
                return Err(Cause::Refused(said));
            }
            Some(_) => {}
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_comes_once() {
        for rows in [1, 2, 3, 10, 64, 1000, 1024] {
            let mut seen: Vec<u64> = Order::new(rows).next_that(u64::MAX, |_| true);
            seen.sort_unstable();
            assert_eq!(seen, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn two_answers_tell_ids_only_where_they_agree() {
        struct Ids(Vec<Option<i64>>);
        impl Arrived for Ids {
            fn vector(&self, _: u64) -> Result<Vec<u8>, Cause> {
                Ok(Vec::new())
            }
            fn id(&self, row: u64) -> Result<Option<i64>, Cause> {
                Ok(self.0[row as usize])
            }
            fn has_vector(&self, _: u64) -> bool {
                true
            }
            fn lacks_id(&self, row: u64) -> bool {
                self.0[row as usize].is_none()
            }
            fn note(&mut self, row: u64, id: i64) -> Result<(), Cause> {
                self.0[row as usize] = Some(id);
                Ok(())
            }
        }
        let answers =
            |labels: &[i64], distances: &[f64]| Answers { labels: labels.into(), distances: distances.into() };
        let mut ids = Ids(vec![None; 4]);
        // Rows 0 and 2 hold the same vector; -1 is a fine id, and "nothing found" a row that there is not.
        learn(&answers(&[2, 0, -1], &[0.0, 0.0, 9.0]), &answers(&[-1, 7, -1], &[0.0, 0.0, 9.0]), 4, &mut ids).unwrap();
        assert_eq!(ids.0, [Some(7), None, Some(-1), None]);
        learn(&answers(&[1], &[0.5]), &answers(&[8], &[0.25]), 4, &mut ids).unwrap();
        assert_eq!(ids.0[1], None);
        let error = learn(&answers(&[0], &[0.5]), &answers(&[8], &[0.5]), 4, &mut ids).unwrap_err();
        assert!(error.to_string().contains("row 0 was told two ids, 7 and 8"), "{error}");
    }
}
