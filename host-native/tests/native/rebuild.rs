//! Indexes built again from snapshots that stand for them.

use crate::made::{D, built, searched, vectors};
use faiss::MetricType;
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
