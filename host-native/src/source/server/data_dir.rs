//! The server's data folder, where it can be read here: the bytes of the index, checked against what the server answers.

use crate::{
    Cause, Error,
    opened::Opened,
    remote::Trouble,
    source::{FileSource, ServerSource, Source},
};
use faissil_core::plan::{Call, Stores, Strategy};
use std::path::{Path, PathBuf};

/// Rows that are compared, and neighbours among which an id has to be.
const SAMPLE: u64 = 16;
const NEIGHBOURS: u64 = 100;

/// The file in which the server keeps this index (`_persisted_index_base_path`, FAISSx 0.20260422.2).
pub(super) fn file_of(dir: &Path, index: &str) -> PathBuf {
    // As Python's `with_suffix`: what follows a last dot in the name is replaced.
    let name = index.replace('/', "_");
    let stem = match name.rfind('.') {
        Some(dot) if dot > 0 && dot + 1 < name.len() => &name[..dot],
        _ => &name,
    };
    dir.join(format!("{stem}.faiss"))
}

/// That the file holds the index that the server answers for: rows, dimensions, class, vectors and ids of some rows, as far as the
/// server tells them. Gives its length.
pub(super) fn check(server: &mut ServerSource, path: &Path) -> Result<u64, Error> {
    let opened = Opened::open(path)?;
    let mut file = FileSource::new(&opened, path)?;
    let len = compare(server, &mut file)
        .map_err(|cause| cause.of(format!("cannot take `{}` for `{}`", path.display(), server.name())))?;
    opened.file.check_unchanged().map_err(|cause| cause.reading(path))?;
    Ok(len)
}

fn compare(server: &mut ServerSource, file: &mut FileSource<'_>) -> Result<u64, Cause> {
    let differs = |what: &str, there: &dyn std::fmt::Display, here: &dyn std::fmt::Display| {
        Err(Cause::Refused(format!("it is another index: {what} {here} in the file, {there} on the server")))
    };
    let place = server.place().clone();
    let (rows, d) = (file.facts().rows, file.facts().d);
    if rows != place.listed.rows {
        return differs("rows:", &place.listed.rows, &rows);
    }
    if d != place.listed.d {
        return differs("dimensions:", &place.listed.d, &d);
    }
    let class = file.class();
    // A class that FAISS gives another name in Python is one that has no name of its own there.
    if class != place.status.class {
        return differs("class:", &place.status.class, &class);
    }
    let Some(len) = file.facts().can.native else {
        return Err(Cause::Refused("it does not end where it should".into()));
    };
    if !file.facts().can.decode || rows == 0 {
        return Ok(len);
    }
    let is_exact = file.facts().stores == Stores::Floats;
    let ids = file.ids_of(&sample(rows))?;
    for (row, id) in sample(rows).into_iter().zip(ids) {
        let here = match file.page(Strategy::DecodeCodes, row..row + 1, None) {
            Ok(here) => here,
            Err(_) => return Ok(len), // what nothing decodes cannot be compared
        };
        let faults = &server.facts().faults;
        let may = |call| !faults.iter().any(|fault| fault.forbids == call);
        // Without an id map a row of the server is an id, and the rows of lists in the file have another order.
        let there = if place.status.class.starts_with("IndexIDMap") { Some(row) } else { u64::try_from(id).ok() };
        let there = there.filter(|there| *there < rows);
        let (may_range, may_search) = (may(Call::Range) && server.facts().can.range.is_some(), may(Call::Search));
        if let Some(there) = there.filter(|_| may_range)
            && !is_alike(&server.client().reconstruct_range(&place.base.index, there, 1, d)?, &here, is_exact)
        {
            return Err(Cause::Refused(format!("it is another index: row {there} has another vector on the server")));
        }
        if !may_search {
            continue;
        }
        match server.client().search(&place.listed.index, &here, d, NEIGHBOURS.min(rows)) {
            Ok(answers) if answers.iter().any(|answer| answer.labels.contains(&id)) => {}
            Ok(_) if place.base_status.class.starts_with("IndexFlat") && server.metric().0 == 1 => {
                return Err(Cause::Refused(format!(
                    "it is another index: a search on the server does not find id {id}"
                )));
            }
            Ok(_) | Err(Trouble::Denied(_)) => {}
            Err(trouble) => return Err(trouble.into()),
        }
    }
    Ok(len)
}

fn sample(rows: u64) -> Vec<u64> {
    let count = rows.min(SAMPLE);
    (0..count).map(|n| n * rows / count.max(1)).collect()
}

/// Whether two vectors of float32 are the same; what is decoded may differ in the last digits, since FAISS adds in another
/// order with each set of instructions.
fn is_alike(there: &[u8], here: &[u8], is_exact: bool) -> bool {
    let floats =
        |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|&each| f32::from_le_bytes(each)).collect::<Vec<_>>();
    let (there, here) = (floats(there), floats(here));
    if is_exact || there.len() != here.len() {
        return there.iter().map(|value| value.to_bits()).eq(here.iter().map(|value| value.to_bits()));
    }
    let largest = here.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    there.iter().zip(&here).all(|(there, here)| (there - here).abs() <= largest * 1e-5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_the_server_makes_them() {
        let name = |index: &str| file_of(Path::new("/d"), index).display().to_string();
        assert_eq!(name("index-flat-1"), "/d/index-flat-1.faiss");
        assert_eq!(name("a/b"), "/d/a_b.faiss");
        assert_eq!(name("v1.2"), "/d/v1.faiss");
        assert_eq!(name(".x"), "/d/.x.faiss");
    }
}
