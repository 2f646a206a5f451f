//! The vectors of a file, read and decoded on all cores, handed over in row order.
//!
//! Rows are parted into jobs of a few batches. A thread that has done one takes the next with the stream that it has, so
//! codebooks are read once a thread and not once a job.

use crate::{
    Cause,
    drive::drive_with,
    parallel::{in_order, lock, most_of, threads},
    store::Store,
};
use faissil_core::{
    files::Files,
    vectors::{Stored, VectorBatch, VectorStream},
};
use std::{ops::Range, sync::Mutex};

/// Bytes that the vectors of one job take: four full batches, so that what was a batch has the length that the next one needs.
const JOB: u64 = 384 << 10;

/// Hand over the vectors of `rows` of a store (`files` are its lengths), batch by batch, with their ids if they are wanted. Rows
/// that do not exist are left out.
///
/// # Errors
/// What cannot be read or decoded, as `reading` makes an error of it; or that of `each`. What earlier jobs gave was handed over.
pub fn each_batch<E: Send>(
    stored: &Stored<'_>,
    (store, files): (&(impl Store + ?Sized), Files),
    rows: Range<u64>,
    with_ids: bool,
    reading: impl Fn(Cause) -> E + Sync,
    mut each: impl FnMut(&VectorBatch) -> Result<(), E>,
) -> Result<(), E> {
    let rows = rows.start..rows.end.min(stored.rows);
    let a_job = (JOB / stored.row_bytes.max(stored.code_bytes).max(1)).max(1);
    let count = rows.end.saturating_sub(rows.start).div_ceil(a_job);
    // No more than are worked on and one that waits, so that what they are in stays in the cache.
    let most = most_of(a_job * stored.row_bytes).min(threads() + 1);
    // Streams that nobody uses at the moment, each with a buffer; and what the floats of batches were in.
    let (idle, spare) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let decode = |number: u64| {
        let start = rows.start + number * a_job;
        let held = lock(&idle).pop();
        let (mut stream, mut buffer) =
            held.unwrap_or_else(|| (VectorStream::new(stored, files, [], with_ids), Vec::new()));
        stream.recycle(lock(&spare).drain(..));
        stream.go_to(start..rows.end.min(start + a_job));
        let mut batches = Vec::new();
        while let Some(batch) = drive_with(&mut stream, store, &mut buffer).map_err(&reading)? {
            batches.push(batch);
        }
        lock(&idle).push((stream, buffer));
        Ok(batches)
    };
    in_order(count, most, decode, |_, batches: Vec<VectorBatch>| {
        batches.iter().try_for_each(&mut each)?;
        lock(&spare).extend(batches.into_iter().map(|batch| batch.floats));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use faissil_core::{faiss, ids::ExternalId, standin::StandIn, vectors::find};

    const D: u32 = 48;
    const ROWS: u64 = 20_000;

    /// A stream of seven jobs and a part: the floats of a row are its number, its id is three times that.
    fn stream() -> Vec<u8> {
        let floats = (0..ROWS).flat_map(|row| [row as f32; D as usize]).flat_map(f32::to_le_bytes).collect::<Vec<_>>();
        let ids: Vec<_> = (0..ROWS).map(|row| ExternalId(row.cast_signed() * 3)).collect();
        StandIn::new(D, 1, 0.0, ROWS).unwrap().pieces([floats], ids).flat_map(|piece| piece.unwrap()).collect()
    }

    #[test]
    fn batches_of_all_jobs_come_in_row_order_with_their_ids() {
        let stream = stream();
        let outline = faiss::outline(&stream).unwrap();
        let stored = find(&outline).unwrap();
        for rows in [0..ROWS, 17..17, 2729..2732, 5000..ROWS + 9] {
            let mut next = rows.start;
            each_batch(
                &stored,
                (&stream[..], Files::only(stream.len() as u64)),
                rows.clone(),
                true,
                |cause| cause,
                |batch| {
                    assert_eq!(batch.row.0, next);
                    for (floats, id) in batch.floats.chunks_exact(D as usize * 4).zip(&batch.ids) {
                        assert_eq!(floats, (next as f32).to_le_bytes().repeat(D as usize));
                        assert_eq!(id.0, next.cast_signed() * 3);
                        next += 1;
                    }
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(next, rows.end.min(ROWS));
        }
    }

    #[test]
    fn what_cannot_be_read_comes_after_the_batches_before_it() {
        let stream = stream();
        let outline = faiss::outline(&stream).unwrap();
        let stored = find(&outline).unwrap();
        let cut = &stream[..stream.len() / 2];
        let mut rows = 0;
        let error = each_batch(
            &stored,
            (cut, Files::only(stream.len() as u64)),
            0..ROWS,
            false,
            |cause| cause,
            |batch| {
                rows += batch.floats.len() as u64 / u64::from(D * 4);
                Ok(())
            },
        );
        let said = error.unwrap_err().to_string();
        assert!(said.starts_with("truncated at byte 2000045"), "{said}");
        assert!(rows > ROWS / 3 && rows * u64::from(D * 4) < cut.len() as u64, "{rows}");
    }
}
