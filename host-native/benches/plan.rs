//! How long a plan takes: prints the microseconds of the slowest of many facts, each planned a hundred times.

use faissil::core::plan::{Call, Can, Cost, Facts, Fault, IdFacts, Mode, Policy, Search, Stores, plan};
use std::{hint::black_box, time::Instant};

fn main() {
    let mut slowest: f64 = 0.0;
    for bits in 0..64_u32 {
        let has = |bit: u32| bits & (1 << bit) != 0;
        // The most runs that there are in practice: every other page of a cache was dropped.
        let cached = if has(5) { (0..100).map(|n| n * 10..n * 10 + 5).collect() } else { Vec::new() };
        let facts = Facts {
            mode: Mode::Remote,
            from: "a server".into(),
            index: "IDMap2,Flat".into(),
            rows: 1_000_000_000,
            d: 384,
            stores: Stores::Floats,
            can: Can {
                native: has(4).then_some(1 << 40),
                cached,
                bulk: has(3).then_some(1000),
                decode: has(2),
                range: has(1).then_some(1000),
                one: has(0),
                undecoded: None,
            },
            ids: IdFacts {
                own: Some(true),
                search: Some(Search { page: 8, passes: 2, queries: 1000, query_bytes: 1 << 20 }),
                ..IdFacts::default()
            },
            faults: vec![Fault { forbids: Call::Bulk, why: "is answered with an error".into() }],
            cost: Cost {
                request_ms: 3,
                bytes_per_ms: 50_000,
                row_bytes: 3456,
                row_memory: 12_000,
                base_memory: 8 << 20,
                overhead: 30,
            },
        };
        let begun = Instant::now();
        for _ in 0..100 {
            black_box(plan(black_box(&facts), &Policy::default()));
        }
        slowest = slowest.max(begun.elapsed().as_secs_f64() * 1e4);
    }
    println!("{slowest:.1}");
}
