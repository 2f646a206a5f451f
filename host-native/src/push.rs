//! A snapshot, or an index file, goes into a server.
//!
//! The vectors are read from the file in bounded memory and added in batches to an index that is made for them: flat, and an
//! id map over it where the ids are not the row numbers, so that searches find what they found; any other type of the server when the caller
//! names one, and then its graph or codebook is new. A batch whose answer was lost is not sent twice: the server is asked how many vectors it has.
//! An index that could not be filled is deleted again.

use crate::{
    Cause, Error,
    opened::Opened,
    parallel::Progress,
    remote::{Address, Client, Login, Tally, Trouble, Waiting, quirks},
    source::{FileSource, Source},
};
use faissil_core::plan::Stores;
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// What was pushed.
#[derive(Debug)]
pub struct Pushed {
    /// Rows added.
    pub rows: u64,
    /// Dimensions of a vector.
    pub d: u32,
    /// The type of the index, in the server's words.
    pub kind: String,
    /// Whether it was trained with the vectors.
    pub trained: bool,
    /// Rows that were searched for afterwards.
    pub asked: u64,
    /// Those of them that were found under their ids.
    pub found: u64,
    /// What was asked of the server.
    pub tally: Tally,
    /// What the user has to know.
    pub warnings: Vec<String>,
}

/// Most vectors in a batch, and bytes (`MAX_VECTORS_PER_BATCH`, FAISSx 0.20260422.2; a batch of 8 MiB is far below its other limits).
const BATCH_ROWS: u64 = 10_000;
const BATCH_BYTES: u64 = 8 << 20;
/// Vectors to train with, in bytes of float32 (a request may have 100 MB).
const TRAINING: u64 = 48 << 20;
/// Rows that are searched for afterwards, and how many answers each may have.
const SAMPLE: u64 = 16;
const NEIGHBOURS: u64 = 100;
/// Training takes longer than any other answer.
const TRAINING_TIMES: u32 = 20;

/// Make an index at `address` and fill it with the vectors and ids of the file at `input`. `kind` is a type in the server's words.
///
/// # Errors
/// When there is such an index already, the file's vectors cannot be read, or the server fails. Then the server is left without the index.
pub fn push(
    input: &Path,
    address: &Address,
    kind: Option<&str>,
    login: Login,
    waiting: Waiting,
    progress: Progress<'_>,
) -> Result<Pushed, Error> {
    let opened = Opened::open(input)?;
    let file = FileSource::new(&opened, input)?;
    let what = |cause: Cause| cause.of(format!("cannot push `{}` to `{address}`", input.display()));
    let reading = |cause: Cause| cause.reading(input);
    let rows = file.facts().rows;
    let numbered = file.ids_are_row_numbers().map_err(reading)?;
    let kind = match kind {
        Some(kind) => {
            check_metric(kind, file.metric().0).map_err(what)?;
            kind.to_string()
        }
        None => kind_of(file.metric().0, numbered).map_err(what)?,
    };
    let with_ids = kind.starts_with("IDMap");
    if !with_ids && !numbered {
        let cause =
            Cause::Refused(format!("its ids are not row numbers, and an index of the type {kind} keeps no ids"));
        return Err(what(cause).hint("`--type IDMap2:...` puts an id map around it"));
    }
    let patient = Waiting { timeout: waiting.timeout * TRAINING_TIMES, ..waiting.clone() };
    let mut client = Client::connect(address, login.clone(), waiting).map_err(|trouble| what(trouble.into()))?;
    let mut warnings = Vec::new();
    if quirks::version(client.version_text()).is_none_or(|version| version > quirks::NEWEST) {
        let said = client.version_text().escape_debug();
        warnings.push(format!(
            "version {said} of the server is newer than the newest that is known; it is taken to do the same"
        ));
    }
    if file.facts().stores != Stores::Floats {
        warnings.push("decoded vectors were pushed: the file does not store those that were added".into());
    }
    let base = format!("{}_base", address.index);
    let list = client.list().map_err(|trouble| what(trouble.into()))?;
    for name in [Some(&address.index), with_ids.then_some(&base)].into_iter().flatten() {
        if list.iter().any(|listed| listed.index == *name) {
            let cause = Cause::Refused(format!("the server has an index `{}` already", name.escape_debug()));
            return Err(what(cause).hint("push it under another name"));
        }
    }
    let mut pushing = Pushing { client, file: &file, address, with_ids, rows };
    let filled = pushing.fill(&kind, login, patient, progress);
    match filled {
        Ok((trained, found, asked)) => {
            let tally = pushing.client.tally();
            Ok(Pushed { rows, d: file.d(), kind, trained, asked, found, tally, warnings })
        }
        Err(cause) => {
            pushing.client.hang_up();
            let gone = pushing.client.delete(&address.index).is_ok();
            if with_ids {
                let _ = pushing.client.delete(&base);
            }
            let error = what(cause);
            Err(if gone { error.hint("what had been added was deleted again") } else { error })
        }
    }
}

/// The type of a flat index for this metric.
fn kind_of(metric: i32, numbered: bool) -> Result<String, Cause> {
    let flat = match metric {
        0 => "IP",
        1 => "L2",
        other => return Err(Cause::Refused(format!("the server makes no index with the metric {other}"))),
    };
    Ok(if numbered { flat.into() } else { format!("IDMap2:{flat}") })
}

/// That an index of the type `kind` measures as the file does: searches would find other vectors, without a word.
/// Types that end in `IP` are of the inner product, all others of L2 (`create_index`, FAISSx 0.20260422.2).
fn check_metric(kind: &str, metric: i32) -> Result<(), Cause> {
    let base = kind.rsplit([':', ',']).next().unwrap_or(kind);
    let is_inner = base == "IP" || base.ends_with("_IP");
    let (makes, has) = match (is_inner, metric) {
        (true, 0) | (false, 1) => return Ok(()),
        (true, 1) => ("inner products", "L2 distances"),
        (false, 0) => {
            ("L2 distances", "inner products (the server's types for these end in `IP`: IP, IVF_IP, HNSW_IP, PQ_IP)")
        }
        _ => return kind_of(metric, true).map(drop),
    };
    Err(Cause::Refused(format!("an index of the type {kind} searches by {makes}, and the file by {has}")))
}

struct Pushing<'a, 'f> {
    client: Client,
    file: &'a FileSource<'f>,
    address: &'a Address,
    with_ids: bool,
    rows: u64,
}

impl Pushing<'_, '_> {
    fn fill(
        &mut self,
        kind: &str,
        login: Login,
        patient: Waiting,
        progress: Progress<'_>,
    ) -> Result<(bool, u64, u64), Cause> {
        let (index, d) = (self.address.index.clone(), self.file.d());
        self.client.create(&index, d, kind)?;
        let trained = !self.client.status(&index)?.is_trained;
        if trained {
            let vectors = self.training()?;
            Client::connect(self.address, login, patient)?.train(&index, &vectors, d)?;
        }
        let row_bytes = u64::from(d) * 4;
        let batch = (BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS);
        let (mut ids, mut floats, mut done) = (Vec::new(), Vec::new(), 0);
        let file = self.file;
        file.each(|more_ids, more_floats| {
            ids.extend_from_slice(more_ids);
            floats.extend_from_slice(more_floats);
            while ids.len() as u64 >= batch {
                let (rows, bytes) = (batch as usize, (batch * row_bytes) as usize);
                self.add(&floats[..bytes], &ids[..rows], done)?;
                done += batch;
                ids.drain(..rows);
                floats.drain(..bytes);
                progress(done * row_bytes, self.rows * row_bytes);
            }
            Ok(())
        })?;
        if !ids.is_empty() {
            self.add(&floats, &ids, done)?;
            done += ids.len() as u64;
        }
        progress(done * row_bytes, done * row_bytes);
        let there = self.client.find(&index)?.rows;
        if there != done || done != self.rows {
            let said = format!("{} rows were to be added, {done} were sent and the server has {there}", self.rows);
            return Err(Cause::Refused(said));
        }
        let (found, asked) = self.look_for_some()?;
        Ok((trained, found, asked))
    }

    /// Add rows to an index that has `had`.
    fn add(&mut self, floats: &[u8], ids: &[i64], had: u64) -> Result<(), Cause> {
        let (index, d) = (self.address.index.clone(), self.file.d());
        let then = had + ids.len() as u64;
        for _ in 0..3 {
            let added = self.client.add(&index, floats, d, self.with_ids.then_some(ids));
            match added {
                Ok(total) if total == then => return Ok(()),
                Ok(total) => {
                    return Err(Cause::Refused(format!(
                        "the server has {total} rows where {then} should be: someone else adds to it"
                    )));
                }
                Err(Trouble::Denied(words)) if words != "Operation timed out" => {
                    return Err(Trouble::Denied(words).into());
                }
                Err(Trouble::Cancelled) => return Err(Cause::Cancelled),
                // What became of it, only the number of rows tells.
                Err(_) => match self.rows_soon(then)? {
                    there if there == then => return Ok(()),
                    there if there == had => {}
                    there => {
                        return Err(Cause::Refused(format!(
                            "the server has {there} rows where {had} or {then} should be"
                        )));
                    }
                },
            }
        }
        Err(Cause::Refused(format!("{} rows were sent three times and did not arrive", ids.len())))
    }

    /// How many rows there are, once there are so many or a while has passed.
    fn rows_soon(&mut self, expected: u64) -> Result<u64, Cause> {
        let begun = Instant::now();
        loop {
            let there = self.client.find(&self.address.index)?.rows;
            if there == expected || begun.elapsed() > Duration::from_secs(5) {
                return Ok(there);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Vectors from all over the file.
    fn training(&self) -> Result<Vec<u8>, Cause> {
        let row_bytes = u64::from(self.file.d()) * 4;
        let step = self.rows.div_ceil((TRAINING / row_bytes.max(1)).max(1)).max(1);
        let (mut out, mut row) = (Vec::new(), 0);
        self.file.each(|_, floats| {
            for vector in floats.chunks_exact(row_bytes as usize) {
                if row % step == 0 {
                    out.extend_from_slice(vector);
                }
                row += 1;
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// Whether some of the rows are found by their own vectors.
    fn look_for_some(&mut self) -> Result<(u64, u64), Cause> {
        let every = self.rows.div_ceil(SAMPLE).max(1);
        let (mut queries, mut wanted, mut row) = (Vec::new(), Vec::new(), 0);
        let row_bytes = self.file.d() as usize * 4;
        self.file.each(|ids, floats| {
            for (id, vector) in ids.iter().zip(floats.chunks_exact(row_bytes)) {
                if row % every == 0 {
                    queries.extend_from_slice(vector);
                    wanted.push(*id);
                }
                row += 1;
            }
            Ok(())
        })?;
        if wanted.is_empty() {
            return Ok((0, 0));
        }
        let answers = self.client.search(&self.address.index, &queries, self.file.d(), NEIGHBOURS.min(self.rows))?;
        let found = wanted.iter().zip(&answers).filter(|(id, answer)| answer.labels.contains(id)).count();
        Ok((found as u64, wanted.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_must_measure_as_the_file_does() {
        for kind in ["IP", "IVF_IP", "HNSW_IP", "IDMap2:IP", "IDMap:PQ_IP"] {
            assert!(check_metric(kind, 0).is_ok() && check_metric(kind, 1).is_err(), "{kind}");
        }
        for kind in ["L2", "HNSW32", "IDMap2:HNSW32", "PCA8,L2", "PQ4x4"] {
            assert!(check_metric(kind, 1).is_ok() && check_metric(kind, 0).is_err(), "{kind}");
        }
        assert!(check_metric("L2", 4).unwrap_err().to_string().contains("metric 4"));
    }
}
