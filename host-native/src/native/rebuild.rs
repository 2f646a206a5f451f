//! An index of the original kind, built again from the vectors and ids of a snapshot that stands for it.
//!
//! What could be had of an index without its bytes is a flat index and a recipe. [`rebuild`] makes, by FAISS's factory, an index of the
//! kind that the recipe names, trains it with the vectors, adds them under their ids, and writes it as FAISS does. It holds the same rows, and
//! whatever training or building made (graph, lists, codebook) is new: searches that are not exact may find other neighbours, and codes are made again of
//! what codes may have given.

use super::{
    ffi::{self, Owned, Vectors},
    measure::measure,
};
use crate::{
    Cause, Error,
    append::for_each_size,
    drive::drive,
    load::{check_expected, check_stream, snapshot_of},
    opened::Opened,
    parallel::Progress,
    replace::Replacement,
    source::{FileSource, Source},
};
use faissil_core::{
    outline::Outline,
    report::Level,
    snapshot::{Digest, Fidelity, Recipe},
};
use std::{
    io::{BufWriter, Write},
    path::Path,
};

/// What was built.
#[derive(Debug)]
pub struct Rebuilt {
    /// FAISS's factory string of it.
    pub factory: String,
    /// Rows in it.
    pub rows: u64,
    /// Vectors that it was trained with; 0 where there is nothing to train.
    pub trained: u64,
    /// Length of the index file in bytes.
    pub len: u64,
    /// What is not that of the original: `graph`, `centroids and lists`, `codebook`, `transforms`.
    pub new: Vec<&'static str>,
    /// What the user has to know.
    pub warnings: Vec<String>,
}

/// Bytes of vectors to train with, from all over the snapshot.
const TRAINING: u64 = 256 << 20;
/// Bytes of vectors that are added at once.
const BATCH: usize = 8 << 20;

/// Build an index of the kind that the recipe of `snapshot` names, or of `factory` where that is given, and write it to `output`.
///
/// # Errors
/// When the snapshot is damaged or holds the index itself, when nobody knows of which kind the original was, FAISS fails, or what it built lacks rows.
/// Then `output` is as it was.
pub fn rebuild(
    snapshot: &Path,
    output: &Path,
    factory: Option<&str>,
    expected: Option<Digest>,
    progress: Progress<'_>,
) -> Result<Rebuilt, Error> {
    let opened = Opened::open(snapshot)?;
    let reading = |cause: Cause| cause.reading(snapshot);
    let held = snapshot_of(&opened).map_err(reading)?;
    check_expected(held, expected).map_err(|cause| reading(cause).hint("this is another snapshot than you think"))?;
    if std::fs::metadata(output).is_ok_and(|target| opened.file.is_same(&target)) {
        return Err(Cause::Refused("it is the snapshot itself".into()).writing(output));
    }
    // What cannot be written in the end is better known before it is built.
    drop(Replacement::of(output)?);
    check_stream(&opened.file, held, progress).map_err(reading)?;
    let what = |cause: Cause| cause.of(format!("cannot rebuild the index of `{}`", snapshot.display()));
    let Some(recipe) = drive(held.body::<Recipe>(), &opened.file).map_err(reading)? else {
        let cause = Cause::Refused("the snapshot holds the index itself, not one that stands for it".into());
        let hint =
            "`faissil load` without --rebuild gives it back, byte for byte; other kinds are built of what `pull` made";
        return Err(what(cause).hint(hint));
    };
    let source = FileSource::new(&opened, snapshot)?;
    let mut warnings = Vec::new();
    let param = |name: &str| recipe.params.iter().find(|entry| entry.key == name).map(|entry| entry.value.as_str());
    let known = factory.or(param("factory"));
    let Some(known) = known else {
        let class = param("class").unwrap_or(&recipe.description);
        let cause = Cause::Refused(format!("of {class} the recipe does not say what it was made of"));
        return Err(what(cause).hint("`--as FACTORY` says it in the words of FAISS's factory: `PCA64,IVF1024,Flat`"));
    };
    if let (None, Some(assumed)) = (factory, param("assumed")) {
        warnings.push(format!("{assumed}; `--as FACTORY` says otherwise"));
    }
    let fidelity = drive(held.body::<Fidelity>(), &opened.file).map_err(reading)?;
    let level = fidelity.map(|fidelity| Level::worst(fidelity.runs.iter().map(|run| run.level)));
    if let Some(level) = level.filter(|level| *level > Level::ExactVectors) {
        warnings.push(format!("the snapshot holds {}: {}", level.name(), level.meaning()));
    }

    let numbered = source.ids_are_row_numbers().map_err(reading)?;
    // An IVF keeps ids in its lists, and not behind a refinement; everything else needs an id map for them.
    let refines = known.ends_with(",RFlat") || known.contains(",Refine(");
    let keeps_ids = known.contains("IDMap") || known.starts_with("IVF") && !refines;
    let factory = if numbered || keeps_ids { known.to_string() } else { format!("IDMap2,{known}") };
    if factory != known {
        warnings.push("its ids are not row numbers, so an id map is around it".into());
    }
    let metric = u32::try_from(source.metric().0).unwrap_or(1);
    if source.metric().1 != 0.0 {
        return Err(what(Cause::Refused("FAISS's factory makes no index of a metric with an argument".into())));
    }
    let mut index = Owned::float(&factory, source.d(), metric).map_err(what)?;
    if let Some(value) = param("efConstruction").and_then(|value| value.parse().ok()) {
        // An index of another kind, which the caller named, may have no such thing.
        let _ = index.set_parameter("efConstruction", value);
    }
    let trained = match index.borrow().is_trained() {
        true => 0,
        false if source.facts().rows == 0 => {
            warnings.push("it is not trained: there are no vectors to train it with".into());
            0
        }
        false => train(&mut index, &source).map_err(what)?,
    };
    add(&mut index, &source, !numbered || factory.contains("IDMap"), progress).map_err(what)?;
    for name in ["nprobe", "efSearch"] {
        if let Some(value) = param(name).and_then(|value| value.parse().ok()) {
            let _ = index.set_parameter(name, value);
        }
    }
    let rows = index.borrow().ntotal();
    if rows != source.facts().rows {
        return Err(what(Cause::Refused(format!("FAISS has {rows} of {} rows", source.facts().rows))));
    }
    let (len, new) = write(&index, output)?;
    Ok(Rebuilt { factory, rows, trained, len, new, warnings })
}

/// Train with vectors from all over the snapshot; gives how many.
///
/// A vector without a finite distance is refused: codes do not hold it, and the list that FAISS finds for it, or the centroid, is whatever was in memory
/// (`distances.cpp`, `exhaustive_L2sqr_blas`, FAISS 1.12.0), which ends the process.
fn train(index: &mut Owned, source: &FileSource<'_>) -> Result<u64, Cause> {
    let row_bytes = (source.d() as usize * 4).max(1);
    let rows = source.facts().rows;
    let step = rows.div_ceil((TRAINING / row_bytes as u64).max(1)).max(1);
    let (mut vectors, mut row) = (Vec::new(), 0_u64);
    source.each(|_, bytes| {
        for vector in bytes.chunks_exact(row_bytes) {
            if !has_distances(vector) {
                return Err(Cause::Refused(format!(
                    "row {row} has a value that is not finite, or too large for distances in float32: FAISS cannot train with it; \
                     kinds that are not trained keep it (`--as Flat`, `--as HNSW32`)"
                )));
            }
            if row.is_multiple_of(step) {
                vectors.extend(floats(vector));
            }
            row += 1;
        }
        Ok(())
    })?;
    index.train(Vectors::Floats(&vectors))?;
    Ok(vectors.len() as u64 / u64::from(source.d()).max(1))
}

/// Whether the distance to any other such vector is finite: it is less than four times the larger square of the two.
fn has_distances(vector: &[u8]) -> bool {
    let square: f64 = floats(vector).map(|value| f64::from(value) * f64::from(value)).sum();
    square < f64::from(f32::MAX) / 8.0
}

fn add(index: &mut Owned, source: &FileSource<'_>, with_ids: bool, progress: Progress<'_>) -> Result<(), Cause> {
    let row_bytes = u64::from(source.d()) * 4;
    let (all, mut done) = (source.facts().rows * row_bytes, 0);
    let (mut ids, mut vectors) = (Vec::new(), Vec::new());
    let mut flush = |ids: &mut Vec<i64>, vectors: &mut Vec<f32>| {
        index.add(Vectors::Floats(vectors), with_ids.then_some(ids.as_slice()))?;
        done += ids.len() as u64 * row_bytes;
        ids.clear();
        vectors.clear();
        progress(done, all);
        Ok::<(), Cause>(())
    };
    source.each(|more, bytes| {
        ids.extend_from_slice(more);
        vectors.extend(floats(bytes));
        if vectors.len() * 4 < BATCH { Ok(()) } else { flush(&mut ids, &mut vectors) }
    })?;
    if ids.is_empty() { Ok(()) } else { flush(&mut ids, &mut vectors) }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|float| f32::from_le_bytes(*float))
}

/// Write the index file; gives its length, and what in it is new.
fn write(index: &Owned, output: &Path) -> Result<(u64, Vec<&'static str>), Error> {
    let writing = |cause: Cause| cause.writing(output);
    let measured = measure(index.borrow()).map_err(writing)?;
    let replacement = Replacement::of(output)?;
    replacement.reserve(measured.len).map_err(writing)?;
    let written = (|| {
        let mut out = BufWriter::with_capacity(1 << 20, replacement.file());
        ffi::write(index.borrow(), &mut |bytes| Ok(out.write_all(bytes)?))?;
        Ok(out.flush()?)
    })();
    written.map_err(writing)?;
    check_rows(&measured.outline, replacement.path()).map_err(writing)?;
    replacement.commit().map_err(writing)?;
    Ok((measured.len, new_in(&measured.outline)))
}

/// That every row which FAISS counts is in its lists: it has none for some vectors (`IndexIVF::add_core`, FAISS 1.12.0).
fn check_rows(outline: &Outline, path: &Path) -> Result<(), Cause> {
    let opened = Opened::open(path).map_err(|error| error.cause)?;
    let stream = opened.stream();
    for record in outline.records() {
        let Some(rows) = record.u64("ntotal") else { continue };
        // Equal vectors are stored once there, on purpose.
        let Some(lists) = record.lists().filter(|_| record.class != "IndexIVFFlatDedup") else { continue };
        let mut listed = 0_u64;
        for_each_size(lists, &stream, |size| {
            listed = listed.saturating_add(size);
            Ok(())
        })?;
        if listed != rows {
            return Err(Cause::Refused(format!(
                "FAISS put {listed} of {rows} rows into the lists of {}",
                record.class
            )));
        }
    }
    Ok(())
}

/// What training and building made in an index of these classes.
fn new_in(outline: &Outline) -> Vec<&'static str> {
    let has =
        |parts: &[&str]| outline.records().iter().any(|record| parts.iter().any(|part| record.class.contains(part)));
    let all = [
        ("graph", has(&["HNSW", "NSG", "NNDescent"])),
        ("centroids and lists", has(&["IndexIVF"])),
        ("codebook", has(&["PQ", "ScalarQuantizer", "Residual", "LocalSearch", "LSH", "RaBitQ", "2Layer"])),
        ("transforms", has(&["IndexPreTransform"])),
    ];
    all.into_iter().filter(|(_, is_new)| *is_new).map(|(name, _)| name).collect()
}
