//! Asks FAISS what it makes of files: `ask-faiss`, which [`faissil_tests::asking`] runs.
//!
//! A line of standard input is a question: a road, an index file or snapshot, and the facts beside the fixture that it was made
//! from, with a tab between them. An answer is one line. FAISS may crash on the way, so this is a process of its own:
//! whoever asks goes on behind the question that got no answer, with another one.

use faiss_sys as sys;
use faissil::{
    Cause, Load,
    core::snapshot::Digest,
    native::{Durability, Savable, Save, stream_of},
};
use rustix::{
    process::{Resource, Rlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use serde_json::Value;
use std::{
    ffi::{CStr, CString, c_int},
    fs,
    io::{BufRead, Write},
    path::Path,
    ptr,
};

/// Nearest vectors that are asked for: as many as in the facts.
const K: usize = 5;

/// More than this a small index never takes: then FAISS is running away.
const MEMORY: u64 = 4 << 30;
const SECONDS: u64 = 10;

fn main() {
    let limit = |resource, most| {
        setrlimit(resource, Rlimit { current: Some(most), maximum: None }).expect("a process may limit itself");
    };
    limit(Resource::Core, 0);
    limit(Resource::As, MEMORY);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
        limit(Resource::Cpu, used + 1 + SECONDS);
        let line = line.expect("questions are text");
        let [road, path, facts] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("no question: {line}") };
        let facts: Value = serde_json::from_slice(&fs::read(facts).expect("the facts are there")).expect("JSON");
        let answer = ask(road, Path::new(path), &facts).unwrap_or_else(|cause| match cause {
            Cause::Faiss(words) => format!("refused by FAISS: {}", without_place(&words, path)),
            cause => format!("refused: {cause}"),
        });
        writeln!(out, "{}", answer.replace('\n', " ")).and_then(|()| out.flush()).expect("somebody listens");
    }
}

/// What FAISS's words say, without the function and the line, which stand before them as FAISS says it and behind them as the
/// crate does, and without the name of the file.
fn without_place(words: &str, path: &str) -> String {
    let by_faiss = || {
        let rest = words.strip_prefix("Error in ")?;
        let (_, said) = rest.split_once(".cpp:").or_else(|| rest.split_once(".h:"))?;
        said.split_once(": ").map(|(_, said)| said.strip_prefix("Error: ").unwrap_or(said))
    };
    let said = by_faiss().unwrap_or_else(|| words.rsplit_once(" (").map_or(words, |(said, _)| said)).trim();
    if path.is_empty() { said.into() } else { said.replace(path, "FILE") }
}

/// What comes of a file on a road.
fn ask(road: &str, path: &Path, facts: &Value) -> Result<String, Cause> {
    let binary = facts["binary"] == true;
    let of_cause = |error: faissil::Error| error.cause;
    match road {
        "read" => Raw::read(path, 0, binary).map(|index| searched(&index, facts)),
        "map" => Raw::read(path, 0x646f_0008, binary).map(|index| searched(&index, facts)),
        "interface map" => Raw::read(path, 1 << 9, binary).map(|index| searched(&index, facts)),
        "rewrite" => Raw::read(path, 0, binary)?.rewritten(&path.with_extension("again")),
        "load" => Load::new().load(path).map_err(of_cause).map(|index| searched(&index, facts)),
        "private copy" => Load::new().private_copy().load(path).map_err(of_cause).map(|index| searched(&index, facts)),
        "owned" if binary => {
            let (index, _) = Load::new().load_owned_binary(path).map_err(of_cause)?;
            kept(&index, &Raw { family: Family::Binary(index.inner_ptr()), freed: false }, path, facts)
        }
        "owned" => {
            let (index, _) = Load::new().load_owned(path).map_err(of_cause)?;
            kept(&index, &Raw { family: Family::Float(index.inner_ptr()), freed: false }, path, facts)
        }
        _ => panic!("no road `{road}`"),
    }
}

/// What an index that can grow answers, what FAISS writes of it, and what it answers when it was saved and loaded.
fn kept<Kind>(index: &impl Savable<Kind>, raw: &Raw, path: &Path, facts: &Value) -> Result<String, Cause> {
    let again = path.with_extension("again");
    let stream = stream_of(index)?;
    Save::new().durability(Durability::Unsynced).save(index, &again).map_err(|error| error.cause)?;
    let snapshot = fs::read(&again)?;
    assert!(snapshot.len() > stream.len() && snapshot.starts_with(&stream));
    let loaded = Load::new().load(&again).map_err(|error| error.cause)?;
    Ok(format!("{} | {} | {}", searched(raw, facts), Digest::of(&stream), searched(&loaded, facts)))
}

/// What an index says of itself, and what it finds: ids, and the bits of distances.
fn searched(index: &impl Asked, facts: &Value) -> String {
    let (d, ntotal) = (index.d(), index.ntotal());
    let queries: Vec<&str> = facts["queries"]["x"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let width = if facts["binary"] == true { d.div_ceil(8) } else { 4 * d };
    let bytes: Vec<u8> = match queries.concat() {
        // Any will do where the facts have none.
        none if none.is_empty() => (0..3 * width).map(|at| (at * 37 % 61) as u8).collect(),
        some => (0..some.len() / 2).map(|at| u8::from_str_radix(&some[2 * at..2 * at + 2], 16).expect("hex")).collect(),
    };
    let found = match index.is_trained() {
        true => index.find(&bytes),
        false => Err(Cause::Refused("the index is not trained".into())),
    };
    match found {
        Ok((ids, distances)) => {
            let bits: Vec<_> = distances.iter().map(|bits| format!("{:08x}", bits.swap_bytes())).collect();
            format!("d {d}, ntotal {ntotal}, ids {ids:?}, distances {}", bits.concat())
        }
        Err(Cause::Faiss(words)) => format!("d {d}, ntotal {ntotal}, no search: {}", without_place(&words, "")),
        Err(cause) => format!("d {d}, ntotal {ntotal}, no search: {cause}"),
    }
}

/// What is asked of an index.
trait Asked {
    fn d(&self) -> usize;
    fn ntotal(&self) -> u64;
    fn is_trained(&self) -> bool;
    /// Ids and bits of the distances; queries as the bytes of a file.
    fn find(&self, queries: &[u8]) -> Result<(Vec<i64>, Vec<u32>), Cause>;
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

impl Asked for faissil::native::Index {
    fn d(&self) -> usize {
        faissil::native::Index::d(self)
    }

    fn ntotal(&self) -> u64 {
        faissil::native::Index::ntotal(self)
    }

    // It looks itself.
    fn is_trained(&self) -> bool {
        true
    }

    fn find(&self, queries: &[u8]) -> Result<(Vec<i64>, Vec<u32>), Cause> {
        if self.is_binary() {
            let hits = self.search_binary(queries, K)?;
            return Ok((hits.ids, hits.distances.iter().map(|distance| distance.cast_unsigned()).collect()));
        }
        let hits = self.search(&floats(queries), K)?;
        Ok((hits.ids, hits.distances.iter().map(|distance| distance.to_bits()).collect()))
    }
}

/// An index of FAISS itself.
struct Raw {
    family: Family,
    /// Whether it is freed with this.
    freed: bool,
}

#[derive(Clone, Copy)]
enum Family {
    Float(*mut sys::FaissIndex),
    Binary(*mut sys::FaissIndexBinary),
}

fn attempt(code: c_int) -> Result<(), Cause> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: FAISS keeps the words of its last exception.
    Err(Cause::Faiss(unsafe { CStr::from_ptr(sys::faiss_get_last_error()) }.to_string_lossy().into_owned()))
}

fn c_path(path: &Path) -> CString {
    CString::new(path.to_str().expect("paths of tests are text")).expect("no NUL byte in a path")
}

impl Raw {
    fn read(path: &Path, flags: c_int, binary: bool) -> Result<Raw, Cause> {
        let path = c_path(path);
        let (mut float, mut bits) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a path that ends with a NUL byte, and a place for the result.
        let family = unsafe {
            match binary {
                true => {
                    attempt(sys::faiss_read_index_binary_fname(path.as_ptr(), flags, &raw mut bits))?;
                    Family::Binary(bits)
                }
                false => {
                    attempt(sys::faiss_read_index_fname(path.as_ptr(), flags, &raw mut float))?;
                    Family::Float(float)
                }
            }
        };
        match float.is_null() && bits.is_null() {
            true => Err(Cause::Faiss("a null pointer".into())),
            false => Ok(Raw { family, freed: true }),
        }
    }

    /// The digest of what FAISS writes of it.
    fn rewritten(&self, path: &Path) -> Result<String, Cause> {
        let name = c_path(path);
        // SAFETY: a live index, and a path that ends with a NUL byte.
        attempt(unsafe {
            match self.family {
                Family::Float(index) => sys::faiss_write_index_fname(index, name.as_ptr()),
                Family::Binary(index) => sys::faiss_write_index_binary_fname(index, name.as_ptr()),
            }
        })?;
        Ok(Digest::of(&fs::read(path)?).to_string())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: a live index that is this one's alone.
        match (self.family, self.freed) {
            (Family::Float(index), true) => unsafe { sys::faiss_Index_free(index) },
            (Family::Binary(index), true) => unsafe { sys::faiss_IndexBinary_free(index) },
            (_, false) => {}
        }
    }
}

impl Asked for Raw {
    fn d(&self) -> usize {
        // SAFETY: a live index.
        let d = match self.family {
            Family::Float(index) => unsafe { sys::faiss_Index_d(index) },
            Family::Binary(index) => unsafe { sys::faiss_IndexBinary_d(index) },
        };
        d as usize
    }

    fn ntotal(&self) -> u64 {
        // SAFETY: a live index.
        let ntotal = match self.family {
            Family::Float(index) => unsafe { sys::faiss_Index_ntotal(index) },
            Family::Binary(index) => unsafe { sys::faiss_IndexBinary_ntotal(index) },
        };
        ntotal as u64
    }

    fn is_trained(&self) -> bool {
        // SAFETY: a live index.
        let trained = match self.family {
            Family::Float(index) => unsafe { sys::faiss_Index_is_trained(index) },
            Family::Binary(index) => unsafe { sys::faiss_IndexBinary_is_trained(index) },
        };
        trained != 0
    }

    fn find(&self, queries: &[u8]) -> Result<(Vec<i64>, Vec<u32>), Cause> {
        let width = match self.family {
            Family::Float(_) => 4 * self.d(),
            Family::Binary(_) => self.d() / 8,
        };
        let n = queries.len().checked_div(width).unwrap_or(0);
        let (mut ids, mut bits, k) = (vec![-1; n * K], vec![0u32; n * K], K as i64);
        let (labels, distances) = (ids.as_mut_ptr(), bits.as_mut_ptr());
        // SAFETY: a live index, `n` whole queries, and room for `n * k` results of 32 bits, whatever their kind.
        attempt(unsafe {
            match self.family {
                Family::Float(index) => {
                    sys::faiss_Index_search(index, n as i64, floats(queries).as_ptr(), k, distances.cast(), labels)
                }
                Family::Binary(index) => {
                    sys::faiss_IndexBinary_search(index, n as i64, queries.as_ptr(), k, distances.cast(), labels)
                }
            }
        })?;
        Ok((ids, bits))
    }
}
