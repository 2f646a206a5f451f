//! Stand-in streams are what FAISS writes for the same ids and vectors.

use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, IdStream, place};
use faissil_core::outline::Value;
use faissil_core::standin::{Shape, StandIn};
use faissil_core::vectors::{VectorStream, find};
use faissil_tests::corpus;
use faissil_tests::driven::batches;

/// The stream of this shape for `file`, made from its own ids and vectors.
fn again(file: &[u8], shape: Shape) -> Vec<u8> {
    let outline = faiss::outline(file).unwrap();
    let files = Files::only(file.len() as u64);
    let stored = find(&outline).unwrap();
    let Some(&Value::I32(metric_type)) = outline.root.value("metric_type") else { panic!("no metric") };
    let metric_arg = match outline.root.value("metric_arg") {
        Some(&Value::F32(value)) => value,
        _ => 0.0,
    };
    let vectors = batches(&mut VectorStream::all(&stored, files, false), file, usize::MAX).unwrap();
    let ids = batches(&mut IdStream::all(&place(&outline), files), file, usize::MAX).unwrap();
    let stand_in = StandIn::shaped(shape, u32::try_from(stored.d).unwrap(), metric_type, metric_arg, stored.rows);
    let stand_in = stand_in.unwrap();
    let pieces =
        stand_in.pieces(vectors.into_iter().map(|batch| batch.floats), ids.into_iter().flat_map(|batch| batch.ids));
    let stream: Vec<u8> = pieces.flat_map(|piece| piece.unwrap()).collect();
    assert_eq!(stream.len() as u64, stand_in.stream_len());
    stream
}

#[test]
fn a_stand_in_is_the_stream_that_faiss_writes() {
    let mut tried = 0;
    for case in corpus() {
        let recipe = case.name.split('/').next_back().unwrap();
        let shape = match recipe {
            "flat_l2" | "flat_ip" | "flat_lp3" | "flat_empty" => Shape::Flat,
            "idmap_flat" | "idmap_lp" => Shape::IdMap,
            "idmap2_flat" => Shape::IdMap2,
            _ => continue,
        };
        assert!(again(&case.bytes(), shape) == case.bytes(), "{}", case.name);
        tried += 1;
    }
    assert!(tried > 6, "{tried}");
}

#[test]
fn a_stand_in_has_a_clean_outline() {
    let stand_in = StandIn::new(2, 0, 0.0, 3).unwrap();
    let ids = [5, i64::MIN, i64::MAX].map(ExternalId);
    let stream: Vec<u8> = stand_in.pieces([vec![0; 24]], ids).flat_map(|piece| piece.unwrap()).collect();
    let outline = faiss::outline(&stream).unwrap();
    assert_eq!((outline.fault.clone(), outline.end), (None, stream.len() as u64));
    let classes: Vec<_> = outline.records().iter().map(|record| record.class).collect();
    assert_eq!(classes, ["IndexIDMap2", "IndexFlatIP"]);
    let found = batches(&mut IdStream::all(&place(&outline), Files::only(outline.end)), &stream, usize::MAX).unwrap();
    assert_eq!(found[0].ids, ids);
}
