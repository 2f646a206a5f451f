//! Small live indexes, and what all of these tests ask.

use faiss::{Index as _, MetricType, index::IndexImpl, index_factory};
use std::{fs, path::Path};

pub(crate) const D: usize = 16;

/// `n` vectors of a few clusters, from integer arithmetic: the same everywhere.
pub(crate) fn vectors(n: usize, d: usize) -> Vec<f32> {
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
pub(crate) fn built(factory: &str, metric: MetricType, n: usize) -> Option<IndexImpl> {
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

pub(crate) fn searched(index: &mut IndexImpl, queries: &[f32], k: usize) -> (Vec<i64>, Vec<u32>) {
    let found = index.search(queries, k).unwrap();
    let ids = found.labels.iter().map(|id| id.to_native()).collect();
    (ids, found.distances.iter().map(|distance| distance.to_bits()).collect())
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
