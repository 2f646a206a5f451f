//! An index with ids of its own, and the documents that the ids stand for, in one file that cannot drift apart.
//!
//! `cargo run --release --features native --example documents`

use faiss::{Idx, Index as _, MetricType, index_factory};
use faissil::{Save, core::snapshot::Digest};
use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("library.faissil");

    let documents = BTreeMap::from([
        (4_711, "On the motion of the planets"),
        (90_210, "A cookbook of the north"),
        (777, "Collected letters"),
    ]);
    let vectors = [[0.9, 0.1, 0.0, 0.1], [0.0, 0.2, 0.9, 0.1], [0.1, 0.9, 0.1, 0.3]];

    let mut index = index_factory(4, "IDMap2,Flat", MetricType::InnerProduct)?;
    let ids: Vec<Idx> = documents.keys().map(|id| Idx::new(*id)).collect();
    index.add_with_ids(vectors.as_flattened(), &ids)?;

    let saved = Save::new()
        .metadata("model", "made up by hand")
        .attach_bytes("documents.json", "application/json", serde_json::to_vec(&documents)?)
        .id_index()
        .save(&index, &path)?;

    // Whoever has the digest has index and documents, or an error.
    let loaded = faissil::Load::new().expect(saved.digest).load(&path)?;
    let attached = loaded.attachment("documents.json")?.ok_or("the documents are not there")?;
    let documents: BTreeMap<i64, String> = serde_json::from_slice(&attached)?;
    let hits = loaded.search(&[1.0, 0.0, 0.1, 0.0], 1)?;
    println!("{}: {} (model: {:?})", hits.ids[0], documents[&hits.ids[0]], loaded.metadata("model"));
    assert_eq!(documents[&hits.ids[0]], "Collected letters");

    let other = faissil::Load::new().expect(Digest::of(b"something else")).load(&path);
    println!("{}", other.map(|_| ()).err().ok_or("another digest was taken")?);
    Ok(())
}
