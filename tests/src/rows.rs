//! The rows of an index, read whole.

use crate::{Case, driven::batches};
use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::outline::Outline;
use faissil_core::vectors::{Stored, VectorStream};

/// The index file with its side file behind it.
///
/// # Panics
/// When the file cannot be read.
pub fn with_side(case: &Case) -> (Vec<u8>, Files) {
    let mut file = case.bytes();
    let stream = file.len() as u64;
    let Ok(side) = std::fs::read(case.path.with_extension("ivfdata")) else { return (file, Files::only(stream)) };
    file.extend_from_slice(&side);
    (file, Files { stream, side: Some(side.len() as u64) })
}

/// The outline of such a file.
///
/// # Panics
/// When there is none.
pub fn outline(file: &[u8], files: Files) -> Outline {
    faiss::outline(&file[..usize::try_from(files.stream).expect("it is in memory")]).expect("a case has an outline")
}

/// Rows in storage order with their ids.
///
/// # Panics
/// When they cannot be read.
pub fn read(stored: &Stored<'_>, file: &[u8], files: Files, page: usize) -> Vec<(i64, Vec<u8>)> {
    rows(&mut VectorStream::all(stored, files, true), stored, file, page)
}

/// The rows of a stream with their ids.
///
/// # Panics
/// When they cannot be read, or are not as long as they should be.
pub fn rows(stream: &mut VectorStream<'_>, stored: &Stored<'_>, file: &[u8], page: usize) -> Vec<(i64, Vec<u8>)> {
    let width = usize::try_from(stored.row_bytes).expect("it is in memory");
    let mut out = Vec::new();
    for batch in batches(stream, file, page).unwrap_or_else(|error| panic!("{error}")) {
        assert_eq!(batch.floats.len(), batch.ids.len() * width);
        out.extend(batch.ids.iter().zip(batch.floats.chunks(width)).map(|(id, row)| (id.0, row.to_vec())));
    }
    out
}
