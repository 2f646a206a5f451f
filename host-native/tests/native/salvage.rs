//! What is good of a damaged snapshot, as a live index.

use crate::made::{D, built, vectors};
use faiss::{Index as _, MetricType};
use faissil::{Load, error::Verdict};
use std::fs;

#[test]
fn damage_is_said_in_ids_and_the_rest_can_be_had() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for factory in ["IDMap2,Flat", "IVF8,Flat", "IVF8,SQ8", "Flat"] {
        const ROWS: usize = 60_000;
        let index = built(factory, MetricType::L2, ROWS).unwrap();
        faissil::save(&index, &path).unwrap();
        let (whole, nothing) = Load::new().load_salvaged(&path).unwrap();
        assert_eq!((whole.ntotal(), nothing.rows_left_out()), (ROWS as u64, 0), "{factory}");

        let mut bytes = fs::read(&path).unwrap();
        let at = if factory.contains("SQ8") { (1 << 20) + 5000 } else { 2 << 20 };
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = faissil::load(&path).unwrap_err();
        assert_eq!(error.cause.verdict(), Verdict::Damaged);
        assert!(error.to_string().contains("lost"), "{error}");
        assert!(error.to_string().contains("load_salvaged"), "{error}");

        let (mut rest, salvaged) = Load::new().load_salvaged(&path).unwrap();
        let lost = salvaged.rows_left_out();
        assert!(lost > 0 && lost < ROWS as u64, "{factory}: {lost}");
        assert_eq!(rest.ntotal(), ROWS as u64 - lost, "{factory}");
        // Every answer of what is left is one of the old ones: ids stay what they were, and so do distances.
        let mut before = index;
        if factory.starts_with("IVF") {
            let space = || faiss::index::autotune::ParameterSpace::new().unwrap();
            space().set_index_parameter(&before, "nprobe", 8.0).unwrap();
            space().set_index_parameter(&rest, "nprobe", 8.0).unwrap();
        }
        let all = before.search(&vectors(1, D), ROWS).unwrap();
        let found = rest.search(&vectors(1, D), 50).unwrap();
        let old: std::collections::HashMap<i64, u32> =
            all.labels.iter().map(|id| id.to_native()).zip(all.distances.iter().map(|d| d.to_bits())).collect();
        for (id, distance) in found.labels.iter().zip(&found.distances) {
            assert_eq!(old.get(&id.to_native()), Some(&distance.to_bits()), "{factory}: {id}");
        }
    }
}
