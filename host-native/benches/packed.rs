//! How fast packed snapshots are read: loaded, against FAISS reading the index file, and decoded.
//!
//! `cargo xtask bench --pack` makes the files and puts what this prints into its table. The first argument is their folder: of
//! each `NAME.faiss` there the packed snapshot is `NAME.faiss.packed`. Both are in the page cache. Each line is one row: what, ours,
//! rival, their ratio, what is promised; parted by tabs.

#![cfg(feature = "native")]

mod common;

use common::median;
use faissil::{drive::drive_on, opened::Opened, store::Store};
use std::{error::Error, hint::black_box, path::Path, time::Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Turns of each contestant, after one that does not count.
const ROUNDS: usize = 9;

fn main() -> Result<()> {
    let home = std::env::args().skip(1).find(|argument| argument != "--bench").ok_or("the folder of the files")?;
    let home = Path::new(&home);
    for (name, what, promised) in [
        ("flat", "float32", Some(1.0)),
        ("flat_fp16", "float32 that was fp16", None),
        ("flat_bf16", "float32 that was bf16", None),
        ("sq8", "SQ8 codes", None),
        ("hnsw32", "all of `HNSW32`", None),
    ] {
        decoding(&home.join(format!("{name}.faiss.packed")), what, promised)?;
    }
    for (name, what, promised) in [("flat", "Flat", true), ("hnsw32", "HNSW32", false)] {
        loading(&home.join(format!("{name}.faiss")), what, promised)?;
    }
    Ok(())
}

/// Chunks in memory through their decoders on one core: no reading, no hashing.
fn decoding(packed: &Path, what: &str, promised: Option<f64>) -> Result<()> {
    let opened = Opened::open(packed)?;
    let snapshot = opened.snapshot.as_ref().ok_or("not a snapshot")?;
    let mut walk = snapshot.walk_chunks();
    let mut chunks = Vec::new();
    while let Some(entries) = drive_on(&mut walk, &opened.file)? {
        for entry in entries {
            let stored = opened.file.read(entry.stored)?;
            chunks.push((entry, stored));
        }
    }
    let mut times = Vec::new();
    for _ in 0..=ROUNDS {
        let start = Instant::now();
        for (entry, stored) in &chunks {
            black_box(entry.unchecked(black_box(stored)).ok_or("a chunk does not decode")?);
        }
        times.push(start.elapsed().as_secs_f64());
    }
    let rate = snapshot.stream().length as f64 / 1e9 / median(&mut times[1..]);
    let (missed, promised) = match promised {
        Some(promised) if rate < promised => (" (missed)", format!("≥ {promised} GB/s")),
        Some(promised) => ("", format!("≥ {promised} GB/s")),
        None => ("", String::new()),
    };
    println!("decoding {what}, a core\t{rate:.2} GB/s{missed}\t\t\t{promised}");
    Ok(())
}

/// A packed snapshot, every byte verified, against the index file, read by FAISS.
fn loading(raw: &Path, what: &str, promised: bool) -> Result<()> {
    let packed = raw.with_extension("faiss.packed");
    let name = raw.to_str().ok_or("a path that is not text")?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let start = Instant::now();
        let index = faiss::read_index(name)?;
        theirs.push(start.elapsed().as_secs_f64());
        drop(index);
        let start = Instant::now();
        let index = faissil::load(&packed)?;
        ours.push(start.elapsed().as_secs_f64());
        drop(index);
    }
    let (ours, theirs) = (median(&mut ours[1..]), median(&mut theirs[1..]));
    let ratio = theirs / ours;
    let missed = if promised && ratio < 1.0 { " (missed)" } else { "" };
    let promised = if promised { "≥ 1" } else { "" };
    println!(
        "load of packed `{what}`, verified\t{:.1} ms\t`read_index` of the index file: {:.1} ms\t{ratio:.2}{missed}\t{promised}",
        ours * 1e3,
        theirs * 1e3
    );
    Ok(())
}
