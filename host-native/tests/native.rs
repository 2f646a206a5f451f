//! Live indexes saved and loaded, by the real FAISS.
#![cfg(feature = "native")]

use faiss::{
    ConcurrentIndex, Index as _, MetricType,
    index::{IndexImpl, flat::FlatIndex},
    index_binary_factory, index_factory,
};
use faissil::{
    Load, Save,
    core::snapshot::Layout,
    native::{Durability, Residence, Verification, stream_of},
};
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

const D: usize = 16;

/// `n` vectors of a few clusters, from integer arithmetic: the same everywhere.
fn vectors(n: usize, d: usize) -> Vec<f32> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..n * d).map(|i| ((i / d) % 7) as f32 + random()).collect()
}

/// Trained and filled; `None` where FAISS has no such index for the metric.
fn built(factory: &str, metric: MetricType, n: usize) -> Option<IndexImpl> {
    let x = vectors(n, D);
    let mut index = match index_factory(D as u32, factory, metric) {
        Err(_) if metric == MetricType::InnerProduct => return None,
        made => made.unwrap(),
    };
    index.train(&x).unwrap();
    if factory.contains("IDMap") {
        let ids: Vec<_> = (0..n as u64).map(|row| faiss::Idx::new(1000 + row * 7919 % 100_003)).collect();
        index.add_with_ids(&x, &ids).unwrap();
    } else {
        index.add(&x).unwrap();
    }
    Some(index)
}

fn searched(index: &mut IndexImpl, queries: &[f32], k: usize) -> (Vec<i64>, Vec<u32>) {
    let found = index.search(queries, k).unwrap();
    let ids = found.labels.iter().map(|id| id.to_native()).collect();
    (ids, found.distances.iter().map(|distance| distance.to_bits()).collect())
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

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
