//! What is saved is what FAISS writes, and comes back as it was.

use crate::made::{D, built, names, searched, vectors};
use faiss::MetricType;
use faissil::{
    Load, Save,
    core::snapshot::Layout,
    native::{Durability, stream_of},
};
use std::fs;

#[test]
fn what_is_saved_is_what_faiss_writes_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("x.faissil"), folder.path().join("x.faiss"));
    let queries = vectors(5, D);
    for factory in [
        "Flat",
        "IDMap,Flat",
        "IDMap2,Flat",
        "HNSW8,Flat",
        "IDMap2,HNSW8,SQ8",
        "IVF8,Flat",
        "IVF8,SQ8",
        "IVF8,PQ4x4",
        "IDMap2,IVF8,Flat",
        "PQ4x4",
        "SQfp16",
        "LSH",
        "PCA8,IVF4,Flat",
        "OPQ4,PQ4x4",
        "Flat,RFlat",
        "IVF8,PQ4x4fs",
        "PQ4x4fs",
        "NSG8,Flat",
        "RQ2x4",
        "IVF4_HNSW8,Flat",
    ] {
        for metric in [MetricType::L2, MetricType::InnerProduct] {
            let Some(mut index) = built(factory, metric, 600) else { continue };
            let expected = searched(&mut index, &queries, 4);
            faiss::write_index(&index, plain.to_str().unwrap()).unwrap();
            let stream = fs::read(&plain).unwrap();
            assert_eq!(stream_of(&index).unwrap(), stream, "{factory}");
            for layout in [Layout::Sealed, Layout::Packed] {
                let saved = Save::new().layout(layout).durability(Durability::Unsynced).save(&index, &path).unwrap();
                assert_eq!(saved.stream_len, stream.len() as u64);
                assert_eq!(saved.stream_digest, faissil::core::snapshot::Digest::of(&stream), "{factory}");
                for load in [Load::new(), Load::new().private_copy(), Load::new().trust()] {
                    let loaded = load.load(&path).unwrap();
                    let hits = loaded.search(&queries, 4).unwrap();
                    let found = (hits.ids, hits.distances.iter().map(|distance| distance.to_bits()).collect());
                    assert_eq!(found, expected, "{factory} {layout:?} {load:?}");
                    match stream_of(&loaded) {
                        Ok(again) => assert_eq!(again, stream, "{factory} {layout:?}"),
                        // FAISS would write a reference without a name in place of mapped lists.
                        Err(refused) => {
                            assert!(refused.to_string().contains("it does not name"), "{factory}: {refused}")
                        }
                    }
                    let (mut owned, provenance) = load.load_owned(&path).unwrap();
                    assert_eq!(searched(&mut owned, &queries, 4), expected, "{factory} {layout:?} {load:?}");
                    assert_eq!(stream_of(&owned).unwrap(), stream, "{factory} {layout:?}");
                    assert_eq!(provenance.stream_digest, Some(saved.stream_digest));
                }
            }
            assert_eq!(names(folder.path()), ["x.faiss", "x.faissil"]);
        }
    }
}
