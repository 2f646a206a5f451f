//! `faissil vectors`: the vectors of an index, stored or decoded, as a NumPy file.

use crate::{
    Outcome, args,
    input::open,
    npy::Npy,
    say,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::{
        ids::{ExternalId, IdStream, Row, place},
        look_up::{fidelity, rows_by_id},
        outline::{Record, Value},
        vectors::{Codes, Stored, VectorBatch, VectorStream, find},
    },
    drive::drive_on,
    inspect::Index,
    opened::Opened,
    vectors::each_batch,
};
use serde_json::json;
use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

/// Write the vectors of an index to a NumPy file, with no FAISS.
///
/// Vectors that are stored as plain float32 come out bit for bit: Flat, IVF Flat, HNSW, NSG and NNDescent over Flat, these behind id
/// maps, and the exact copy of a refinement. Codes (scalar, product and additive quantizers, fast scan, RaBitQ, LSH and others) are
/// decoded as FAISS reconstructs them, transforms are undone. A multi-index gives all that its codebooks combine to, which can be
/// more than a disk holds: take --rows. A binary index gives its bits, as bytes.
///
/// What is printed says the fidelity, which is `fidelity` in the JSON: "exact vectors" are those that were added, bit for bit; "decoded
/// vectors" are what a code stands for, close to what was added.
///
/// Rows are those of `faissil ids`: those of the id map where there is one, else list 0 first, then list 1, and so on; the exact copy
/// of a refinement has an order of its own, which --ids-out tells.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file or snapshot
    file: PathBuf,
    /// The NumPy file to write, one row a vector: float32, or uint8 of a binary index; `-` is standard output
    #[arg(short, long, value_name = "X.npy")]
    output: PathBuf,
    /// Write the ids of these rows, int64, to this NumPy file
    #[arg(long, value_name = "I.npy")]
    ids_out: Option<PathBuf>,
    /// Only the vectors with this id
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "rows")]
    id: Vec<i64>,
    /// Only these rows
    #[arg(long, value_name = "A..B", value_parser = args::range)]
    rows: Option<Range<u64>>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        if self.json && self.output.as_os_str() == "-" {
            return Err(Cause::Refused("--json prints there too".into()).of("cannot write vectors to standard output"));
        }
        let opened = open(&self.file)?;
        let reading = |cause: Cause| self.not_taken(cause);
        self.check_outputs(&opened)?;
        let index = Index::of(&opened).map_err(reading)?;
        if let Some(missing) = &index.side_missing {
            return Err(reading(Cause::Refused(missing.clone())));
        }
        let stored = find(&index.outline).map_err(|not| match index.outline.fault.clone() {
            // What is missing is not to blame when the file breaks off before it.
            Some(fault) => reading(fault.into()),
            None => reading(Cause::Refused(not.reason)),
        })?;
        if stored.transforms.iter().any(|transform| is_whitening(transform)) {
            talk::note("a whitening matrix is undone by its transposed, as FAISS does, which is not its inverse");
        }
        let count = if matches!(stored.codes, Codes::Lists(..)) && !stored.maps.is_empty() && self.id.is_empty() {
            self.write_mapped(&index, &stored)?
        } else {
            self.write(&index, &stored)?
        };
        if self.id.is_empty() && stored.maps.is_empty() {
            talk::aliases(stored.aliases());
        }
        let (vectors, d, fidelity) = (self.output.display().to_string(), stored.d, fidelity(&stored).name());
        let dtype = if stored.is_binary() { "uint8" } else { "float32" };
        let ids = self.ids_out.as_ref().map(|path| path.display().to_string());
        if self.json {
            print_json(&json!({
                "file": self.file.display().to_string(),
                "output": vectors,
                "ids_output": ids,
                "rows": count,
                "d": d,
                "dtype": dtype,
                "fidelity": fidelity,
                "aliases": stored.aliases(),
            }))?;
        } else if self.output.as_os_str() != "-" {
            let ids = ids.map_or_else(String::new, |ids| format!(", their ids to {ids}"));
            let of = if stored.is_binary() { "bits" } else { dtype };
            print(&format!("wrote {} {fidelity} of {d} {of} to {vectors}{ids}", say::count(count)))?;
        }
        match &index.outline.fault {
            None => Ok(Outcome::Good),
            Some(fault) => Err(reading(fault.clone().into())),
        }
    }

    /// This cause of not having taken the vectors out.
    fn not_taken(&self, cause: Cause) -> Error {
        cause.doing("take vectors out of", &self.file)
    }

    /// The rows of the ids that are asked for, and their ids.
    fn by_id(&self, index: &Index<'_>, stored: &Stored<'_>) -> Result<Vec<(Row, ExternalId)>, Cause> {
        let wanted = &self.id.iter().copied().map(ExternalId).collect();
        index.ask(&|_, _| {}, |access| async move {
            let scans = |why: Option<String>| {
                let all = || format!("looking through the ids of {} rows", say::count(stored.rows));
                talk::note(&why.unwrap_or_else(all));
            };
            rows_by_id(&access, index, stored, wanted, scans).await
        })
    }

    /// The file of the vectors.
    fn create(&self, stored: &Stored<'_>, count: u64, in_order: bool) -> Result<Npy, Error> {
        let (dtype, width) = if stored.is_binary() { ("|u1", stored.row_bytes) } else { ("<f4", stored.d) };
        Npy::create(&self.output, dtype, &[count, width], in_order)
    }

    /// That nothing is written over the index or over the other output.
    fn check_outputs(&self, opened: &Opened) -> Result<(), Error> {
        let refuse =
            |path: &PathBuf, why: &str| Err(Cause::Refused(why.into()).writing(path).hint("name another file"));
        let outputs = [Some(&self.output), self.ids_out.as_ref()];
        for path in outputs.into_iter().flatten() {
            if std::fs::metadata(path).is_ok_and(|there| opened.file.is_same(&there)) {
                return refuse(path, "it is the index itself");
            }
        }
        match &self.ids_out {
            Some(ids) if same_place(ids, &self.output) => refuse(ids, "the vectors go there"),
            _ => Ok(()),
        }
    }

    /// Lists under an id map: a list entry says which row of the map it is, so vectors come in the order of the lists
    /// and each is put in its row's place.
    fn write_mapped(&self, index: &Index<'_>, stored: &Stored<'_>) -> Result<u64, Error> {
        let reading = |cause: Cause| self.not_taken(cause);
        let damage = |said: String| reading(Cause::Damage(said));
        let place = place(&index.outline);
        let rows =
            args::rows_there(self.rows.as_ref(), place.count().unwrap_or(0)).map_err(|cause| reading(cause.into()))?;
        let count = rows.end - rows.start;
        let mut vectors = self.create(stored, count, false)?;
        let joined = index.joined();
        // Without the outermost map the ids of entries are its rows.
        let mut inner = stored.clone();
        inner.maps.pop();
        let mut stream = VectorStream::all(&inner, index.files(), true);
        let mut missing = Missing::new(count);
        let (progress, mut seen) = (talk::progress("writing"), 0);
        while let Some(batch) = drive_on(&mut stream, &joined).map_err(reading)? {
            seen += batch.floats.len() as u64;
            progress(seen, stored.rows * stored.row_bytes);
            for (row, floats) in batch.ids.iter().zip(batch.floats.chunks(stored.row_bytes.max(1) as usize)) {
                let Some(row) = u64::try_from(row.0).ok().filter(|row| rows.contains(row)) else { continue };
                if !missing.take(row - rows.start) {
                    return Err(damage(format!("row {row} of the id map stands in the lists more than once")));
                }
                vectors.write_at((row - rows.start) * stored.row_bytes, floats)?;
            }
        }
        if let Some(row) = missing.first() {
            if stored.aliases() > 0 {
                let said =
                    format!("the vector of row {} of the id map is stored once for several rows", rows.start + row);
                return Err(reading(Cause::Refused(said)).hint("`--id` takes out vectors of this index"));
            }
            return Err(damage(format!("row {} of the id map has no vector in the lists", rows.start + row)));
        }
        if let Some(path) = &self.ids_out {
            let mut ids = Npy::create(path, "<i8", &[count], true)?;
            let mut stream = IdStream::new(&place, index.files(), rows);
            while let Some(batch) = drive_on(&mut stream, &joined).map_err(reading)? {
                for id in &batch.ids {
                    ids.write(&id.0.to_le_bytes())?;
                }
            }
            ids.finish()?;
        }
        vectors.finish()?;
        Ok(count)
    }

    /// The vectors that are asked for, in row order; how many they are.
    fn write(&self, index: &Index<'_>, stored: &Stored<'_>) -> Result<u64, Error> {
        let reading = |cause: Cause| self.not_taken(cause);
        let known = if self.id.is_empty() { None } else { Some(self.by_id(index, stored).map_err(reading)?) };
        let rows = args::rows_there(self.rows.as_ref(), stored.rows).map_err(|cause| reading(cause.into()))?;
        let count = known.as_ref().map_or(rows.end - rows.start, |known| known.len() as u64);
        // A multi-index has as many rows as its codebooks combine to.
        let all = count.checked_mul(stored.row_bytes).ok_or_else(|| {
            let said =
                format!("{} rows of {} bytes are more than a file can hold", say::count(count), stored.row_bytes);
            reading(Cause::Refused(said)).hint("`--rows` takes out some of them")
        })?;
        let mut vectors = self.create(stored, count, true)?;
        let mut ids = self.ids_out.as_ref().map(|path| Npy::create(path, "<i8", &[count], true)).transpose()?;
        let joined = index.joined();
        let progress = talk::progress("writing");
        let mut bytes = 0;
        let mut take = |batch: &VectorBatch| {
            vectors.write(&batch.floats)?;
            bytes += batch.floats.len() as u64;
            progress(bytes, all);
            if let Some(ids) = &mut ids {
                batch.ids.iter().try_for_each(|id| ids.write(&id.0.to_le_bytes()))?;
            }
            Ok(())
        };
        if let Some(known) = &known {
            let rows = known.iter().map(|(row, _)| *row).collect();
            let mut stream = VectorStream::rows(stored, index.files(), rows, false);
            while let Some(batch) = drive_on(&mut stream, &joined).map_err(reading)? {
                take(&batch)?;
            }
        } else {
            each_batch(stored, (&joined, index.files()), rows, self.ids_out.is_some(), reading, take)?;
        }
        if let (Some(ids), Some(known)) = (&mut ids, known) {
            known.iter().try_for_each(|(_, id)| ids.write(&id.0.to_le_bytes()))?;
        }
        if bytes != all {
            let said = format!("{count} rows of {} bytes were expected, {bytes} bytes came", stored.row_bytes);
            return Err(reading(Cause::Damage(said)));
        }
        if let Some(ids) = ids {
            ids.finish()?;
        }
        vectors.finish()?;
        Ok(count)
    }
}

/// Whether a transform scales directions by their variance.
fn is_whitening(transform: &Record) -> bool {
    matches!(transform.value("eigen_power"), Some(Value::F32(power)) if *power != 0.0)
}

/// Whether two names are of one file, which need not be there yet.
fn same_place(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| -> io::Result<PathBuf> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(".".as_ref());
        path.canonicalize().or_else(|_| Ok(parent.canonicalize()?.join(path.file_name().unwrap_or_default())))
    };
    match (whole(a), whole(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Rows that have not come yet, a bit each.
struct Missing {
    bits: Vec<u64>,
    rows: u64,
}

impl Missing {
    fn new(rows: u64) -> Missing {
        Missing { bits: vec![0; rows.div_ceil(64) as usize], rows }
    }

    /// Whether `row` was missing; it no longer is.
    fn take(&mut self, row: u64) -> bool {
        let (word, bit) = (&mut self.bits[(row / 64) as usize], 1 << (row % 64));
        let was = *word & bit == 0;
        *word |= bit;
        was
    }

    /// The first that is missing still.
    fn first(&self) -> Option<u64> {
        (0..self.rows).find(|row| self.bits[(row / 64) as usize] & (1 << (row % 64)) == 0)
    }
}
