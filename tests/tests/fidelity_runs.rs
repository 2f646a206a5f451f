//! A snapshot whose rows were had in several ways, as a pull from a server leaves it: what the viewer's tests open.
//!
//! `FAISSIL_WRITE=1 cargo test -p faissil-tests --test fidelity_runs` writes it anew, after `FIDE` has changed.

use faissil_core::bytes::{Step, slice};
use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, Memory, Scratch, place};
use faissil_core::keep::Kept;
use faissil_core::snapshot::{Fidelity, Layout, Parts, Producer, Run};
use faissil_core::standin::StandIn;
use faissil_tests::snapshots::{Wanted, noise, write};

/// Rows of the stand-in stream.
const ROWS: u64 = 40;
const D: u32 = 8;

fn made() -> Vec<u8> {
    let stand_in = StandIn::new(D, 1, 0.0, ROWS).unwrap();
    let floats =
        noise(ROWS as usize * D as usize, 5).into_iter().flat_map(|byte| (f32::from(byte) / 8.0).to_le_bytes());
    let ids = (0..ROWS as i64).map(|row| ExternalId(1000 + row * row));
    let stream: Vec<u8> = stand_in.pieces([floats.collect()], ids).flat_map(|piece| piece.unwrap()).collect();
    let outline = faiss::outline(&stream).unwrap();
    let mut summing = Memory.sum(&place(&outline), Files::only(stream.len() as u64));
    let summed = loop {
        match summing.step().unwrap() {
            Step::Done(summed) => break summed,
            Step::Need(span) => summing.bring(span.start, slice(&stream, span)),
        }
    };
    let kept = Kept::of(Some(&outline), summed.as_ref());
    let strategies = ["bulk vectors, from the id map", "reconstruct one by one, from the id map", "placeholders"];
    let run = |rows, level, strategy| Run { rows, level, strategy };
    let fidelity = Fidelity {
        strategies: strategies.map(String::from).to_vec(),
        runs: vec![run(24, 1, 0), run(3, 2, 1), run(1, 4, 2), run(12, 2, 1)],
    };
    let parts = Parts {
        faiss_min: kept.faiss_min,
        tree: kept.tree,
        ids: kept.ids,
        producer: Some(Producer { name: "test".into(), version: "1".into() }),
        fidelity: Some(fidelity),
        ..Parts::default()
    };
    write(&Wanted { stream, parts, chunk: 4096, ..Wanted::default() }, Layout::Sealed).0
}

#[test]
fn the_fixture_is_what_the_library_writes() {
    let path = faissil_tests::root().join("fixtures/snapshot/runs.faissil");
    if std::env::var_os("FAISSIL_WRITE").is_some() {
        std::fs::write(&path, made()).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == made(), "{}", path.display());
}
