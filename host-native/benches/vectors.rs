//! How fast the vectors of an index file come out, against FAISS, in the same run.
//!
//! `cargo xtask bench --vectors` runs this and makes the table; with further arguments only these kinds are measured. The rival has the index in memory and reconstructs all of it into
//! memory that was written to before (`reconstruct_n`). We read the file, which is in the page cache, find where the vectors are, and decode
//! them. Each line of output is one row: what, ours, rival, their ratio, what is promised; parted
//! by tabs.

#![cfg(feature = "native")]

mod common;

use common::{median, numbers};
use faiss::{Idx, Index as _, MetricType, index_factory};
use faissil::{core::vectors::find, inspect::Index, opened::Opened, vectors::each_batch};
use std::{error::Error, fs, path::Path, time::Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Turns of each contestant, after one that does not count.
const ROUNDS: usize = 7;

/// Dimensions, and rows: 256 MiB of floats.
const D: usize = 256;
const ROWS: usize = 1 << 18;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let home = arguments.next().ok_or("the first argument is a folder for index files")?;
    let only: Vec<String> = arguments.collect();
    fs::create_dir_all(&home)?;
    for factory in ["Flat", "SQ8", "PQ32", "IVF256,PQ32"] {
        if !only.is_empty() && !only.iter().any(|name| name == factory) {
            continue;
        }
        measure(factory, &Path::new(&home).join(factory.replace(',', "-")).with_extension("faiss"))?;
    }
    Ok(())
}

fn measure(factory: &str, path: &Path) -> Result<()> {
    let name = path.to_str().ok_or("a path that is not text")?;
    if !path.exists() {
        eprintln!("making {factory} (once)");
        let mut index = index_factory(D as u32, factory, MetricType::L2)?;
        index.train(&numbers(D * 10_240, 1))?;
        for part in 0..16 {
            index.add(&numbers(D * ROWS / 16, 2 + part))?;
        }
        let part = path.with_extension("part");
        faiss::write_index(&index, part.to_str().ok_or("a path that is not text")?)?;
        fs::rename(part, path)?;
    }
    let index = faiss::read_index(name)?;
    let mut buffer = vec![0.0f32; D * ROWS];
    let mut sums = [0u64; 2];
    let mut times = [const { Vec::new() }; 2];
    for round in 0..=ROUNDS {
        let start = Instant::now();
        index.reconstruct_n(Idx::new(0), ROWS, &mut buffer)?;
        sums[0] = buffer[D * ROWS - 1].to_bits().into();
        let theirs = start.elapsed().as_secs_f64();
        let start = Instant::now();
        sums[1] = 0;
        let opened = Opened::open(path)?;
        let index = Index::of(&opened)?;
        let stored = find(&index.outline).map_err(|why| why.to_string())?;
        let joined = index.joined();
        let mut bytes = 0;
        each_batch(
            &stored,
            (&joined, index.files()),
            0..stored.rows,
            false,
            |cause| cause,
            |batch| {
                bytes += batch.floats.len();
                sums[1] = sums[1].wrapping_add(batch.floats[batch.floats.len() - 1].into());
                Ok(())
            },
        )?;
        assert_eq!(bytes, ROWS * D * 4);
        let ours = start.elapsed().as_secs_f64();
        if round > 0 {
            times[0].push(ours);
            times[1].push(theirs);
        }
    }
    std::hint::black_box(sums);
    let [ours, theirs] = times.map(|mut times| median(&mut times));
    let rate = |time: f64| format!("{:.2} GB/s", (ROWS * D * 4) as f64 / 1e9 / time);
    let missed = if theirs < ours { " (missed)" } else { "" };
    println!(
        "all vectors of `{factory}`, {D} dimensions\t{}\t`reconstruct_n`: {}\t{:.2}{missed}\t≥ 1",
        rate(ours),
        rate(theirs),
        theirs / ours
    );
    Ok(())
}
