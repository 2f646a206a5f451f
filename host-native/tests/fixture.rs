//! Index files of `faissil fixture`: the same from the library, the command and another process with other threads.

mod common;

use common::{expect, faissil, names, run, text};
use faissil::fixture::{Fixture, Metric};
use std::fs;

/// What the command writes to standard output with `threads` threads for everything that has some.
fn made(factory: &str, rows: &str, metric: &str, threads: &str) -> Vec<u8> {
    let mut command = faissil(&["fixture", factory, "-n", rows, "--seed", "3", "--metric", metric, "-o", "-"]);
    let done = command.env("OMP_NUM_THREADS", threads).env("OPENBLAS_NUM_THREADS", threads).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{factory}: {}", text(&done.stderr));
    done.stdout
}

#[test]
fn another_process_makes_the_same_bytes() {
    for factory in ["Flat", "IDMap,Flat", "IDMap2,Flat"] {
        let fixture = Fixture::new(factory).rows(200).seed(3).metric(Metric::InnerProduct);
        let built = fixture.build().unwrap();
        assert!(built == fixture.build().unwrap(), "{factory}");
        assert!(built == made(factory, "200", "ip", "3"), "{factory}");
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let said = expect(0, dir.path(), &["fixture", "IDMap2,Flat", "-n", "50", "-d", "3", "-o", "x.faiss"]);
    assert!(said.starts_with("wrote x.faiss: IDMap2,Flat, 50 vectors of 3 dimensions\n  blake3  "), "{said}");
    let bytes = fs::read(dir.path().join("x.faiss")).unwrap();
    assert!(said.trim_end().ends_with(&blake3::hash(&bytes).to_hex().to_string()), "{said}");
    assert!(bytes == Fixture::new("IDMap2,Flat").rows(50).dim(3).build().unwrap());

    let refused = run(dir.path(), &["fixture", "no such index", "-o", "x.faiss"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.starts_with("error: cannot make an index of `no such index`\n  cause: "), "{said}");
    assert_eq!(said.contains("feature `native`"), !cfg!(feature = "native"), "{said}");
    assert_eq!(names(dir.path()), ["x.faiss"]);
    assert!(bytes == fs::read(dir.path().join("x.faiss")).unwrap());
}

#[cfg(feature = "native")]
mod with_faiss {
    use super::*;
    use faissil::judge;

    /// One of each family, small enough to train in a moment.
    const FACTORIES: &str = "IVF8,Flat IDMap2,IVF8,Flat HNSW8 IDMap,HNSW8 IVF8_HNSW8,Flat NSG8 PQ4x4np IVF8,PQ4x4np \
                             PQ4x4fs SQ8 IVF8,SQfp16 LSH Flat,RFlat LSQ2x4 RaBitQ IMI2x3,Flat PCA4,Flat OPQ4,PQ4x4np \
                             RQ2x4 BFlat BIVF8 BHNSW8 BHash8";

    #[test]
    fn the_number_of_threads_makes_no_difference() {
        for factory in FACTORIES.split_whitespace() {
            let built = Fixture::new(factory).rows(300).seed(3).build().unwrap();
            assert!(built == made(factory, "300", "l2", "1"), "{factory}");
            assert!(built == made(factory, "300", "l2", "5"), "{factory}");
            let outline = judge::outline(&built).unwrap();
            assert_eq!((outline.fault.clone(), outline.root.u64("ntotal")), (None, Some(300)), "{factory}");
        }
    }

    /// OpenBLAS takes the kernels of another processor when it is told to.
    #[test]
    fn the_processor_makes_a_difference_only_where_it_is_said() {
        let small = FACTORIES.split_whitespace().map(|factory| (factory, 300, 8));
        // Large enough that some vector lies as far from two centroids, but for what BLAS rounds away.
        for (factory, rows, d) in small.chain([("IVF100,Flat", 6000, 128)]) {
            let d = if factory.starts_with('B') { 64 } else { d };
            let fixture = Fixture::new(factory).rows(rows).dim(d).seed(3);
            let [rows, d] = [rows.to_string(), d.to_string()];
            let mut command = faissil(&["fixture", factory, "-n", &rows, "-d", &d, "--seed", "3", "-o", "-"]);
            let done = command.env("OPENBLAS_CORETYPE", "Prescott").output().unwrap();
            let said = text(&done.stderr);
            assert_eq!(done.status.code(), Some(0), "{factory}: {said}");
            assert_eq!(said.contains("other bytes on another processor"), !fixture.is_portable(), "{factory}: {said}");
            assert!(!fixture.is_portable() || done.stdout == fixture.build().unwrap(), "{factory}");
        }
    }

    /// What this crate writes by itself is what FAISS writes.
    #[test]
    fn faiss_reads_and_writes_our_own_the_same() {
        let dir = tempfile::tempdir().unwrap();
        for (factory, metric) in
            [("Flat", Metric::L2), ("IDMap,Flat", Metric::InnerProduct), ("IDMap2,Flat", Metric::L2)]
        {
            let built = Fixture::new(factory).metric(metric).build().unwrap();
            let [ours, theirs] = ["ours", "theirs"].map(|name| dir.path().join(name).display().to_string());
            fs::write(&ours, &built).unwrap();
            let index = faiss::read_index(&ours).unwrap();
            faiss::write_index(&index, &theirs).unwrap();
            assert!(built == fs::read(&theirs).unwrap(), "{factory}");
        }
    }
}
