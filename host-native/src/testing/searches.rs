//! A few searches through all vectors, in plain arithmetic that is the same on every machine.
//!
//! What is searched is what is stored as plain floats; the sum over the dimensions is taken in order and in double
//! precision. Queries follow from the dimension alone, so the same questions are asked of an index and of its later self.

use super::page::Section;
use crate::{Cause, drive::drive_on, fixture::data::Data, inspect::Index};
use faissil_core::vectors::{VectorStream, find_plain};

/// Questions asked of an index.
pub(super) const QUERIES: u64 = 3;
/// Answers to each.
pub(super) const ANSWERS: usize = 5;
/// The seed of the questions, which no fixture has by default.
const SEED: u64 = 0x71_75_65_72_79;

/// The vectors that are asked about.
pub(super) fn queries(d: u64) -> Vec<Vec<f32>> {
    let data = Data::new(SEED);
    let d = u32::try_from(d).unwrap_or(0);
    (0..QUERIES).map(|row| data.floats(row, d).collect()).collect()
}

/// The section of an index with this metric.
pub(super) fn section(index: &Index<'_>, metric: Option<i64>) -> Result<Section, Cause> {
    let none = |why: String| Ok(Section { title: "searches".into(), lines: vec![("none".into(), why)] });
    let stored = match find_plain(&index.outline) {
        Ok(stored) => stored,
        Err(not) => {
            // Where in the file the record is says nothing of the index.
            return none(format!("{} stores no plain floats", not.class));
        }
    };
    let (name, distance): (_, fn(f64, f64) -> f64) = match metric {
        Some(0) => ("inner product", |a, b| a * b),
        Some(1) => ("L2", |a, b| (a - b) * (a - b)),
        Some(2) => ("L1", |a, b| (a - b).abs()),
        other => return none(format!("metric {} is not computed here", other.unwrap_or(-1))),
    };
    let mut all: Vec<(Vec<f32>, Best)> = queries(stored.d)
        .into_iter()
        .map(|query| (query, Best { largest: metric == Some(0), found: Vec::new() }))
        .collect();
    let width = usize::try_from(stored.row_bytes).unwrap_or(usize::MAX).max(4);
    let mut stream = VectorStream::all(&stored, index.files(), true);
    while let Some(batch) = drive_on(&mut stream, &index.joined())? {
        for (row, id) in batch.floats.chunks(width).zip(&batch.ids) {
            for (query, best) in &mut all {
                let floats = row.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
                let sum = floats.zip(&*query).fold(0.0, |sum, (a, b)| sum + distance(a.into(), (*b).into()));
                best.push(sum, id.0);
            }
        }
    }
    let mut section = Section::new(format!("searches, exact, {name}: id and distance"));
    for (number, (_, best)) in all.iter().enumerate() {
        let answers: Vec<String> =
            best.found.iter().map(|(distance, id)| format!("{id} {}", rounded(*distance, 3))).collect();
        section.push(format!("q{number}"), answers.join(", "));
    }
    Ok(section)
}

/// The nearest so far, in order; of equal ones the lesser id.
struct Best {
    largest: bool,
    found: Vec<(f64, i64)>,
}

impl Best {
    fn push(&mut self, distance: f64, id: i64) {
        let sign = if self.largest { -1.0 } else { 1.0 };
        let before =
            |(other, theirs): &(f64, i64)| (sign * other).total_cmp(&(sign * distance)).then(theirs.cmp(&id)).is_le();
        let at = self.found.partition_point(before);
        if at < ANSWERS {
            self.found.insert(at, (distance, id));
            self.found.truncate(ANSWERS);
        }
    }
}

/// A number to so many digits behind the first.
pub(super) fn rounded(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$e}");
    text.parse::<f64>().map_or(text, |short| if short == 0.0 { "0".into() } else { short.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [1234.56, 0.000_123_456, -0.0, 1.0, f64::INFINITY].map(|number| rounded(number, 3));
        assert_eq!(shown, ["1235", "0.0001235", "0", "1", "inf"]);
    }

    #[test]
    fn the_nearest_come_first_and_the_lesser_id_of_equals() {
        for largest in [false, true] {
            let mut best = Best { largest, found: Vec::new() };
            for id in (0..20).rev() {
                best.push((id / 2) as f64, id);
            }
            let ids: Vec<i64> = best.found.iter().map(|(_, id)| *id).collect();
            assert_eq!(ids, if largest { [18, 19, 16, 17, 14] } else { [0, 1, 2, 3, 4] });
        }
    }
}
