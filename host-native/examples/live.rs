//! An index that is replaced while it serves.
//!
//! `cargo run --release --features native --example live`

use faiss::{Index as _, MetricType, index_factory};
use faissil::{Live, native::Event};
use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("serving.faissil");
    let mut index = index_factory(8, "Flat", MetricType::L2)?;
    index.add(&[0.0; 8])?;
    faissil::save(&index, &path)?;

    let live = Live::opening()
        .every(Some(Duration::from_millis(10)))
        .report(|event| match event {
            Event::Swapped(count) => println!("swap {count}"),
            Event::Refused(error) => println!("not taken: {error}"),
        })
        .open(&path)?;

    let (done, searches) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    // Each search takes the index that serves now, and keeps it for as long as it needs it.
                    let hits = live.get().search(&[1.0; 8], 1).expect("searching goes on");
                    assert_ne!(hits.ids[0], -1);
                    searches.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut replace = || -> Result<(), Box<dyn std::error::Error>> {
            for version in 1..=3 {
                index.add(&[version as f32; 8])?;
                faissil::save(&index, &path)?;
                while live.swaps() < version {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            // A broken replacement is reported; the last good one goes on serving.
            let mut bytes = fs::read(&path)?;
            bytes[50] ^= 1;
            let beside = folder.path().join("broken");
            fs::write(&beside, bytes)?;
            fs::rename(&beside, &path)?;
            while live.fault().is_none() {
                thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        };
        let replaced = replace();
        done.store(true, Ordering::Relaxed);
        replaced
    })?;
    println!("{} vectors serve after {} searches", live.get().ntotal(), searches.into_inner());
    assert_eq!(live.get().ntotal(), 4);
    Ok(())
}
