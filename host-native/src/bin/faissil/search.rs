//! `faissil search`: ask FAISS, on a verified snapshot.

use crate::{
    Outcome, args, say,
    talk::{self, Stdout, print_json, to_stdout},
};
use faissil::{
    Cause, Error, Index, Load,
    core::snapshot::Digest,
    native::{Residence, Verification},
};
use npyz::{DType, NpyFile, Order};
use serde_json::json;
use std::{
    fs::File,
    io::{BufReader, Read, Write},
    path::{Path, PathBuf},
};

/// Search in an index with FAISS, after verifying it.
///
/// Prints the ids of the nearest vectors of each query and their distances, as FAISS gives them.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshot; an index file is searched too, unverified
    #[arg(value_name = "SNAP")]
    file: PathBuf,
    /// NumPy file with a query, or one in each row: float32, or uint8 for a binary index; `-` is standard input
    #[arg(long, value_name = "FILE.npy")]
    query: PathBuf,
    /// How many nearest vectors of each
    #[arg(short, value_name = "N", default_value_t = 10)]
    k: usize,
    /// A parameter of search by FAISS's name for it: nprobe=16, efSearch=64
    #[arg(long, value_name = "NAME=VALUE", value_parser = args::pair)]
    param: Vec<(String, String)>,
    /// Refuse any index but the one with this digest, its own or that of its stream
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    /// Print ids and distances as JSON
    #[arg(long)]
    json: bool,
}

/// What FAISS answers, of either kind of index.
struct Answers {
    ids: Vec<i64>,
    distances: Vec<serde_json::Value>,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let reading = |cause: Cause| cause.reading(&self.query);
        let (queries, binary) = read(&self.query).map_err(reading)?;
        let mut load = Load::new().progress(talk::progress("verifying"));
        if let Some(digest) = self.expect {
            load = load.expect(digest);
        }
        let mut index = load.load(&self.file)?;
        let provenance = index.provenance();
        provenance.warnings.iter().for_each(|text| talk::warning(text));
        let verified = provenance.verification == Verification::Verified;
        for (name, value) in &self.param {
            let setting = |cause: Cause| cause.of(format!("cannot set `{name}` of `{}`", self.file.display()));
            let number = value.parse().map_err(|_| setting(Cause::Refused(format!("`{value}` is no number"))))?;
            index.set_parameter(name, number).map_err(setting)?;
        }
        let found = search(&index, &queries, binary, self.k);
        let found = found.map_err(|cause| cause.of(format!("cannot search in `{}`", self.file.display())))?;
        if self.json {
            let mapped = index.provenance().residence != Residence::Memory;
            print_json(&json!({
                "file": self.file.display().to_string(),
                "verified": verified,
                "mapped": mapped,
                "faiss_version": faissil::native::faiss_version(),
                "k": self.k,
                "ids": found.ids.chunks(self.k).collect::<Vec<_>>(),
                "distances": found.distances.chunks(self.k).collect::<Vec<_>>(),
            }))?;
            return Ok(Outcome::Good);
        }
        table(&found, self.k).map_err(to_stdout)?;
        Ok(Outcome::Good)
    }
}

fn search(index: &Index, queries: &Queries, binary: bool, k: usize) -> Result<Answers, Cause> {
    if binary != index.is_binary() {
        let (wants, has) = if binary { ("float32", "uint8") } else { ("uint8", "float32") };
        return Err(Cause::Refused(format!("the queries are {has}; this index takes {wants}")));
    }
    let width = if binary { index.d() / 8 } else { index.d() };
    if queries.width != width {
        let said = format!("the queries have {} numbers each; a vector of this index has {width}", queries.width);
        return Err(Cause::Refused(said));
    }
    // The fewest digits that tell one float32 from the next. What is no number has no place in JSON: text, as in every report.
    let number = |distance: f32| match distance.to_string() {
        digits if distance.is_finite() => digits.parse::<f64>().unwrap_or(distance.into()).into(),
        words => serde_json::Value::from(words),
    };
    match &queries.values {
        Values::Floats(values) => {
            let hits = index.search(values, k)?;
            Ok(Answers { ids: hits.ids, distances: hits.distances.into_iter().map(number).collect() })
        }
        Values::Bytes(values) => {
            let hits = index.search_binary(values, k)?;
            Ok(Answers { ids: hits.ids, distances: hits.distances.into_iter().map(Into::into).collect() })
        }
    }
}

fn table(found: &Answers, k: usize) -> std::io::Result<()> {
    let mut out = Stdout::new();
    writeln!(out, "{:>8} {:>5} {:>21} {:>16}", "query", "rank", "id", "distance")?;
    let rows = found.ids.chunks(k).zip(found.distances.chunks(k));
    for (query, (ids, distances)) in rows.enumerate() {
        for (rank, (id, distance)) in ids.iter().zip(distances).enumerate() {
            let (id, distance) = match id {
                -1 => ("-".into(), "-".into()),
                id => (id.to_string(), distance.as_str().map_or_else(|| distance.to_string(), String::from)),
            };
            writeln!(out, "{:>8} {:>5} {id:>21} {distance:>16}", say::count(query as u64), rank + 1)?;
        }
        if out.is_closed() {
            break;
        }
    }
    out.flush()
}

/// Queries, one after the other.
struct Queries {
    values: Values,
    /// Numbers of one.
    width: usize,
}

enum Values {
    Floats(Vec<f32>),
    Bytes(Vec<u8>),
}

/// The queries in a NumPy file, and whether they are bits.
fn read(path: &Path) -> Result<(Queries, bool), Cause> {
    let input: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(path)?)),
    };
    let no_numpy = |error: std::io::Error| Cause::Refused(format!("not a NumPy file of queries: {error}"));
    let file = NpyFile::new(input).map_err(no_numpy)?;
    let shape = file.shape().to_vec();
    let (&width, rows) = shape.split_last().ok_or_else(|| Cause::Refused("one number is no query".into()))?;
    if rows.len() > 1 || (file.order() == Order::Fortran && rows.first().is_some_and(|rows| *rows > 1)) {
        let said = format!("an array of shape {shape:?}; queries are one row each, in C order");
        return Err(Cause::Refused(said));
    }
    let dtype = match file.dtype() {
        DType::Plain(dtype) => dtype.to_string(),
        other => other.descr(),
    };
    let bytes = shape.iter().try_fold(file.dtype().num_bytes().unwrap_or(1) as u64, |all, n| all.checked_mul(*n));
    let there = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
    if bytes.is_none_or(|bytes| there.is_some_and(|there| bytes > there)) {
        return Err(Cause::Refused(format!("it is too short for an array of shape {shape:?}")));
    }
    let width = usize::try_from(width).map_err(|_| Cause::Refused(format!("queries of {width} numbers")))?;
    match dtype.as_str() {
        "<f4" => {
            let values = Values::Floats(file.into_vec().map_err(no_numpy)?);
            Ok((Queries { values, width }, false))
        }
        "|u1" => {
            let values = Values::Bytes(file.into_vec().map_err(no_numpy)?);
            Ok((Queries { values, width }, true))
        }
        other => Err(Cause::Refused(format!("numbers of type `{other}`; queries are float32, or uint8 for bits"))),
    }
}
