//! Indexes built again from snapshots that stand for them.

use crate::made::{D, built, searched, vectors};
use faiss::{Index as _, MetricType, index_factory};
use faissil::{
    core::plan::{Policy, Strategies, Strategy},
    native::{LiveSource, rebuild},
    pull::{Options, pull},
};

#[test]
fn what_was_pulled_from_a_live_index_is_built_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let [snapshot, file] = ["x.faissil", "x.faiss"].map(|name| folder.path().join(name));
    let without = Strategies::default().and(Strategy::NativeBytes);
    let options = Options { policy: Policy { without, ..Policy::default() }, ..Options::default() };
    let kinds: [(&str, &[&str]); 5] = [
        ("IDMap,Flat", &[]),
        ("HNSW8", &["graph"]),
        ("IVF4,Flat", &["centroids and lists"]),
        ("IDMap2,IVF4,PQ4x4", &["centroids and lists", "codebook"]),
        ("PCA8,Flat", &["transforms"]),
    ];
    for (factory, new) in kinds {
        for metric in [MetricType::L2, MetricType::InnerProduct] {
            let mut index = built(factory, metric, 500).unwrap();
            pull(&mut LiveSource::new(&index).unwrap(), &snapshot, &options, &|_, _| {}).unwrap();
            let rebuilt = rebuild(&snapshot, &file, None, None, &|_, _| {}).unwrap();
            assert_eq!((rebuilt.factory.as_str(), rebuilt.rows, rebuilt.new.as_slice()), (factory, 500, new));
            assert_eq!(rebuilt.len, std::fs::metadata(&file).unwrap().len());
            let mut again = faiss::read_index(file.to_str().unwrap()).unwrap();
            assert_eq!(faissil::load(&file).unwrap().metric(), metric as u32);
            if new.is_empty() {
                let queries = vectors(20, D);
                assert_eq!(searched(&mut again, &queries, 10), searched(&mut index, &queries, 10), "{factory}");
            }
        }
    }
    // Ids that are not row numbers are never dropped.
    let index = built("IDMap,Flat", MetricType::L2, 500).unwrap();
    pull(&mut LiveSource::new(&index).unwrap(), &snapshot, &options, &|_, _| {}).unwrap();
    let rebuilt = rebuild(&snapshot, &file, Some("HNSW8,Flat"), None, &|_, _| {}).unwrap();
    assert_eq!(rebuilt.factory, "IDMap2,HNSW8,Flat");
    assert!(rebuilt.warnings.iter().any(|said| said.contains("an id map is around it")), "{:?}", rebuilt.warnings);
    assert!(faissil::load(&file).unwrap().search(&vectors(1, D), 1).unwrap().ids == [1000]);
    let rebuilt = rebuild(&snapshot, &file, Some("IVF4,Flat"), None, &|_, _| {}).unwrap();
    assert_eq!((rebuilt.factory.as_str(), rebuilt.trained), ("IVF4,Flat", 500));
    assert!(faissil::load(&file).unwrap().search(&vectors(1, D), 1).unwrap().ids == [1000]);
}

/// A snapshot of these vectors under ids that are not row numbers, without the bytes of an index.
fn stood_in(snapshot: &std::path::Path, x: &[f32]) {
    let ids: Vec<_> = (0..x.len() as u64 / D as u64).map(|row| faiss::Idx::new(row * 3 + 7)).collect();
    let mut index = index_factory(D as u32, "IDMap,Flat", MetricType::L2).unwrap();
    index.add_with_ids(x, &ids).unwrap();
    let without = Strategies::default().and(Strategy::NativeBytes);
    let options = Options { policy: Policy { without, ..Policy::default() }, ..Options::default() };
    pull(&mut LiveSource::new(&index).unwrap(), snapshot, &options, &|_, _| {}).unwrap();
}

#[test]
fn a_refinement_of_lists_gets_an_id_map() {
    let folder = tempfile::tempdir().unwrap();
    let [snapshot, file] = ["x.faissil", "x.faiss"].map(|name| folder.path().join(name));
    stood_in(&snapshot, &vectors(500, D));
    for factory in ["IVF4,SQ8,RFlat", "IVF4,SQ8,Refine(SQfp16)"] {
        let rebuilt = rebuild(&snapshot, &file, Some(factory), None, &|_, _| {}).unwrap();
        assert_eq!((rebuilt.factory, rebuilt.rows), (format!("IDMap2,{factory}"), 500));
        assert!(faissil::load(&file).unwrap().search(&vectors(1, D), 1).unwrap().ids == [7]);
    }
}

#[test]
fn what_would_end_the_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [snapshot, file] = ["x.faissil", "x.faiss"].map(|name| folder.path().join(name));
    stood_in(&snapshot, &vectors(500, D));
    let said = rebuild(&snapshot, &file, Some("IVF8_HNSW1,Flat"), None, &|_, _| {}).unwrap_err().to_string();
    assert!(said.contains("FAISS makes no index of `HNSW1`: 2 is the least"), "{said}");
    let said = rebuild(&snapshot, &file, Some("IVF4(IVF2,Flat),SQ8"), None, &|_, _| {}).unwrap_err().to_string();
    assert!(said.contains("FAISS finds no centroid again in the lists of `(IVF2,Flat)`"), "{said}");
    // A period is no count, and a number that ends in one is none either.
    for factory in ["IVF4,ITQ8,SH0.5", "IVF4(IVF2,Flat),Flat", "IVF4,ITQ8,SH-0e0", "HNSW10,Flat", "PQ4x4fs_032"] {
        rebuild(&snapshot, &file, Some(factory), None, &|_, _| {}).unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let said = rebuild(&snapshot, &snapshot, Some("Flat"), None, &|_, _| {}).unwrap_err().to_string();
    assert!(said.contains("it is the snapshot itself"), "{said}");
    // Not after hours of training.
    let nowhere = folder.path().join("nowhere/x.faiss");
    let said = rebuild(&snapshot, &nowhere, Some("Nonsense"), None, &|_, _| {}).unwrap_err().to_string();
    assert!(said.contains("cannot write") && said.contains("no such file"), "{said}");
    let said = rebuild(&snapshot, &file, Some("ZnLattice4x10_4"), None, &|_, _| {}).unwrap_err().to_string();
    assert!(said.contains("without its 500 rows") && !file.exists(), "{said}");
}

#[test]
fn of_no_vectors_comes_an_index_that_is_not_trained() {
    let folder = tempfile::tempdir().unwrap();
    let [snapshot, file] = ["x.faissil", "x.faiss"].map(|name| folder.path().join(name));
    stood_in(&snapshot, &[]);
    for factory in ["SQ8", "IVF4,Flat", "PCA4,PQ4x4", "HNSW8_SQ4"] {
        let rebuilt = rebuild(&snapshot, &file, Some(factory), None, &|_, _| {}).unwrap();
        assert_eq!((rebuilt.rows, rebuilt.trained), (0, 0), "{factory}");
        assert!(rebuilt.warnings.iter().any(|said| said.contains("not trained")), "{factory}: {:?}", rebuilt.warnings);
        assert!(!faissil::load_owned(&file).unwrap().is_trained(), "{factory}");
    }
}

#[test]
fn vectors_without_distances_are_kept_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [snapshot, file] = ["x.faissil", "x.faiss"].map(|name| folder.path().join(name));
    for odd in [f32::NAN, f32::NEG_INFINITY, 1e19] {
        let mut x = vectors(500, D);
        x[9 * D + 1] = odd;
        stood_in(&snapshot, &x);
        for factory in ["IVF4,Flat", "PQ4x4", "SQ8", "PCA8,Flat", "IVF4,SQ8,RFlat"] {
            let said = rebuild(&snapshot, &file, Some(factory), None, &|_, _| {}).unwrap_err().to_string();
            assert!(said.contains("row 9 has a value that is not finite, or too large"), "{factory}: {said}");
        }
        assert!(!file.exists());
        for factory in ["Flat", "HNSW8", "SQfp16"] {
            assert_eq!(rebuild(&snapshot, &file, Some(factory), None, &|_, _| {}).unwrap().rows, 500, "{factory}");
            assert!(faissil::load(&file).unwrap().search(&vectors(1, D), 1).unwrap().ids == [7], "{factory}");
        }
        std::fs::remove_file(&file).unwrap();
    }
}
