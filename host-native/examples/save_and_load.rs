//! Save a FAISS index as a snapshot, look at it, and load it again.
//!
//! `cargo run --release --features native --example save_and_load`

use faiss::{Index as _, MetricType, index_factory};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("vectors.faissil");

    // An index as anyone builds it.
    const D: usize = 32;
    let number = |i: usize| (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 9 & 1023) as f32 / 1024.0;
    let vectors: Vec<f32> = (0..10_000 * D).map(number).collect();
    let mut index = index_factory(D as u32, "IVF64,SQ8", MetricType::L2)?;
    index.train(&vectors)?;
    index.add(&vectors)?;

    // One call instead of `write_index`. On the disk, under digests, before the file gets its name.
    let saved = faissil::save(&index, &path)?;
    println!("saved {} bytes, kept: {}", saved.size_bytes, saved.fidelity);
    println!("stream   {}", saved.stream_digest);
    println!("snapshot {}", saved.digest);

    // One call instead of `read_index`. Verified on all cores, then mapped: lists stay in the file.
    let mut loaded = faissil::load(&path)?;
    println!("{:?}, {:?}", loaded.provenance().verification, loaded.provenance().residence);
    loaded.set_parameter("nprobe", 8.0)?;
    let hits = loaded.search(&vectors[..2 * D], 3)?;
    for (query, ids) in hits.ids.chunks(3).enumerate() {
        println!("query {query}: {ids:?}");
    }
    assert_eq!([hits.ids[0], hits.ids[3]], [0, 1]);

    // To add to it, load it into memory.
    let mut grown = faissil::load_owned(&path)?;
    grown.add(&[0.5; D])?;
    assert_eq!(grown.ntotal(), 10_001);
    faissil::save(&grown, &path)?;

    // FAISS reads the snapshot too: its first bytes are the index.
    assert_eq!(faiss::read_index(path.to_str().ok_or("not text")?)?.ntotal(), 10_001);
    Ok(())
}
