//! How fast live indexes are saved and loaded, against FAISS itself, in the same run.
//!
//! `cargo xtask bench --native` runs this and makes the table. Indexes of the 1 GiB class are made by FAISS once and kept in the
//! folder that is the first argument; with further arguments only those kinds are measured, with `make` none. Contestants take turns, and
//! medians count. Each line of output is one row: what, ours, rival, their ratio or a bound, what is promised; parted by
//! tabs. Memory is measured in a child process each, by the kernel's own mark of the highest (`VmHWM`).

#![cfg(feature = "native")]

mod common;

use common::{median, numbers};
use faiss::{
    Idx, Index as _, MetricType,
    index::{IndexImpl, TryClone as _},
    index_factory,
};
use faissil::{Live, Load, Save, native::Durability};
use std::{
    error::Error,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Turns of each contestant, after one that does not count.
const ROUNDS: usize = 7;

/// A kind of index, and what is promised of it.
struct Kind {
    factory: &'static str,
    d: usize,
    /// Vectors that FAISS adds itself.
    added: usize,
    /// How often the index is put together with copies of itself after that; IVF, or its rows stand in the file, PQ.
    copies: usize,
    /// Of verified `load` over FAISS's `read_index`.
    load: f64,
    /// Of search after `load` over search after `read_index`; `None` where it is only said.
    search: Option<f64>,
    parameter: Option<(&'static str, f64)>,
}

const KINDS: &[Kind] = &[
    Kind { factory: "Flat", d: 256, added: 1 << 20, copies: 1, load: 4.0, search: Some(0.9), parameter: None },
    Kind { factory: "IDMap2,Flat", d: 256, added: 1 << 20, copies: 1, load: 1.0, search: Some(0.9), parameter: None },
    Kind {
        factory: "IVF1024,Flat",
        d: 256,
        added: 1 << 16,
        copies: 16,
        load: 2.0,
        search: None,
        parameter: Some(("nprobe", 16.0)),
    },
    Kind {
        factory: "IVF1024,SQ8",
        d: 256,
        added: 1 << 17,
        copies: 32,
        load: 2.0,
        search: None,
        parameter: Some(("nprobe", 16.0)),
    },
    Kind {
        factory: "IVF1024,PQ32np",
        d: 64,
        added: 1 << 18,
        copies: 100,
        load: 2.0,
        search: None,
        parameter: Some(("nprobe", 16.0)),
    },
    Kind {
        factory: "HNSW32",
        d: 1024,
        added: 240_000,
        copies: 1,
        load: 4.0,
        search: Some(0.9),
        parameter: Some(("efSearch", 32.0)),
    },
    Kind { factory: "SQ8", d: 256, added: 1 << 22, copies: 1, load: 4.0, search: Some(0.9), parameter: None },
    Kind { factory: "PQ32np", d: 64, added: 1 << 18, copies: 128, load: 4.0, search: Some(0.9), parameter: None },
];

fn main() -> Result<()> {
    // `cargo bench` adds an argument of its own.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let home = PathBuf::from(arguments.next().ok_or("the first argument is a folder for index files")?);
    let rest: Vec<String> = arguments.collect();
    if let [child, what, from, to] = &rest[..]
        && child == "child"
    {
        return grown(what, Path::new(from), Path::new(to));
    }
    fs::create_dir_all(&home)?;
    if rest == ["make"] {
        return KINDS.iter().try_for_each(|kind| kind.make(&home).map(|_| ()));
    }
    for kind in KINDS.iter().filter(|kind| rest.is_empty() || rest.iter().any(|name| name == kind.factory)) {
        measure(kind, &home)?;
    }
    if rest.is_empty() || rest.iter().any(|name| name == "swap") {
        swap(&home)?;
    }
    Ok(())
}

impl Kind {
    fn file(&self, home: &Path, end: &str) -> PathBuf {
        home.join(self.factory.replace(',', "-")).with_extension(end)
    }

    /// The index, made by FAISS unless it was before.
    fn make(&self, home: &Path) -> Result<PathBuf> {
        let path = self.file(home, "faiss");
        if path.exists() {
            return Ok(path);
        }
        eprintln!("making {} (once)", self.factory);
        let mut index = index_factory(self.d as u32, self.factory, MetricType::L2)?;
        index.train(&numbers(self.d * self.added.min(50_000), 1))?;
        if self.factory.starts_with("HNSW") {
            // The graph need not be good to be read.
            faiss::index::autotune::ParameterSpace::new()?.set_index_parameter(&index, "efConstruction", 8.0)?;
        }
        let mut at = 0;
        while at < self.added {
            let now = (self.added - at).min(1 << 18);
            let x = numbers(self.d * now, 2 + at as u64);
            if self.factory.contains("IDMap") {
                let ids: Vec<Idx> =
                    (at..at + now).map(|row| Idx::new((row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 2)).collect();
                index.add_with_ids(&x, &ids)?;
            } else {
                index.add(&x)?;
            }
            at += now;
        }
        let part = path.with_extension("part");
        if self.factory.starts_with("PQ") {
            fs::write(&part, repeated(&faissil::native::stream_of(&index)?, self.copies)?)?;
        } else {
            multiply(&mut index, self.copies)?;
            faiss::write_index(&index, text(&part)?)?;
        }
        fs::rename(&part, &path)?;
        Ok(path)
    }
}

/// The stream of a flat index of codes with its rows `times` over.
fn repeated(stream: &[u8], times: usize) -> Result<Vec<u8>> {
    use faissil::core::outline::Item;
    let outline = faissil::judge::outline(stream)?;
    let codes = outline.root.array("codes").ok_or("no codes")?;
    let ntotal = outline.root.items.iter().find_map(|item| match item {
        Item::Field(field) if field.name == "ntotal" => Some(field.span),
        _ => None,
    });
    let (from, to) = (codes.span.start as usize, codes.span.end() as usize);
    let mut out = Vec::with_capacity(stream.len() * times);
    out.extend_from_slice(&stream[..from]);
    for span in [ntotal, codes.count].into_iter().flatten() {
        let place = span.start as usize..span.end() as usize;
        let count = u64::from_le_bytes(out[place.clone()].try_into()?) * times as u64;
        out[place].copy_from_slice(&count.to_le_bytes());
    }
    (0..times).for_each(|_| out.extend_from_slice(&stream[from..to]));
    out.extend_from_slice(&stream[to..]);
    Ok(out)
}

/// Put an IVF index together with copies of itself, until it is `times` as large.
#[allow(unsafe_code)]
fn multiply(index: &mut IndexImpl, times: usize) -> Result<()> {
    if times == 1 {
        return Ok(());
    }
    let own = index.ntotal() as i64;
    let copy = index.try_clone()?;
    for number in 1..times as i64 {
        let part = copy.try_clone()?;
        // SAFETY: two live IVF indexes of one shape, not used by anyone else; the second is left empty.
        let code = unsafe {
            let (to, from) = (index.inner_ptr(), part.inner_ptr());
            let (to, from) = (faiss_sys::faiss_IndexIVF_cast(to), faiss_sys::faiss_IndexIVF_cast(from));
            assert!(!to.is_null() && !from.is_null());
            faiss_sys::faiss_IndexIVF_merge_from(to, from, own * number)
        };
        assert_eq!(code, 0, "FAISS cannot merge");
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| "a path that is not text".into())
}

/// The median time of each contestant, in seconds; they take turns.
fn alternate<const N: usize>(mut contestants: [&mut dyn FnMut() -> Result<Duration>; N]) -> Result<[f64; N]> {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=ROUNDS {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            let time = contestant()?.as_secs_f64();
            if round > 0 {
                times.push(time);
            }
        }
    }
    Ok(times.map(|mut times| median(&mut times)))
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let made = work()?;
    Ok((made, start.elapsed()))
}

/// A row whose ratio is the rival's time over ours.
fn ratio(what: &str, ours: f64, rival: &str, time: f64, promised: Option<f64>) {
    let ratio = time / ours;
    let missed = promised.is_some_and(|promised| ratio < promised);
    let promised = promised.map_or(String::new(), |promised| format!("≥ {promised}"));
    let missed = if missed { " (missed)" } else { "" };
    println!("{what}\t{}\t{rival}: {}\t{ratio:.2}{missed}\t{promised}", seconds(ours), seconds(time));
}

fn seconds(time: f64) -> String {
    if time < 0.1 { format!("{:.1} ms", time * 1e3) } else { format!("{time:.3} s") }
}

/// A row with a bound.
fn below(what: &str, ours: f64, unit: &str, most: f64) {
    let missed = if ours > most { " (missed)" } else { "" };
    println!("{what}\t{ours:.1} {unit}{missed}\t\t\t≤ {most} {unit}");
}

fn measure(kind: &Kind, home: &Path) -> Result<()> {
    let plain = kind.make(home)?;
    let size = fs::metadata(&plain)?.len();
    let (theirs, ours) = (kind.file(home, "out"), kind.file(home, "faissil"));
    let name = format!("`{}`, {:.2} GiB", kind.factory, size as f64 / f64::from(1u32 << 30));

    let mut index = faiss::read_index(text(&plain)?)?;
    let mut faiss_writes = || {
        fs::remove_file(&theirs).ok();
        let ((), time) = timed(|| {
            faiss::write_index(&index, text(&theirs)?)?;
            Ok(File::open(&theirs)?.sync_all()?)
        })?;
        Ok(time)
    };
    let mut we_save = || {
        fs::remove_file(&ours).ok();
        Ok(timed(|| Ok(faissil::save(&index, &ours)?))?.1)
    };
    let [saved, written] = alternate([&mut we_save, &mut faiss_writes])?;
    ratio(&format!("save {name}, synced"), saved, "`write_index`, `fsync`", written, Some(1.0));
    let mut faiss_writes = || {
        fs::remove_file(&theirs).ok();
        Ok(timed(|| Ok(faiss::write_index(&index, text(&theirs)?)?))?.1)
    };
    let save = Save::new().durability(Durability::Unsynced);
    let mut we_save = || {
        fs::remove_file(&ours).ok();
        Ok(timed(|| Ok(save.save(&index, &ours)?))?.1)
    };
    let [saved, written] = alternate([&mut we_save, &mut faiss_writes])?;
    ratio("the same, not synced", saved, "`write_index`", written, None);
    fs::remove_file(&theirs).ok();
    File::open(&ours)?.sync_all()?;
    drop(index);

    // What is measured ends before the index is freed.
    let mut faiss_reads = || Ok(timed(|| Ok(faiss::read_index(text(&plain)?)?))?.1);
    let mut we_load = || Ok(timed(|| Ok(faissil::load(&ours)?))?.1);
    let mut we_own = || Ok(timed(|| Ok(faissil::load_owned(&ours)?))?.1);
    let [loaded, owned, read] = alternate([&mut we_load, &mut we_own, &mut faiss_reads])?;
    ratio(&format!("load {name}, verified"), loaded, "`read_index`", read, Some(kind.load));
    ratio("the same by `load_owned`", owned, "`read_index`", read, Some(0.9));

    index = faiss::read_index(text(&plain)?)?;
    let mut mapped = faissil::load(&ours)?;
    if let Some((parameter, value)) = kind.parameter {
        mapped.set_parameter(parameter, value)?;
        faiss::index::autotune::ParameterSpace::new()?.set_index_parameter(&index, parameter, value)?;
    }
    // Millions of decoded rows a query take seconds.
    let count = if kind.parameter.is_some() || kind.factory.ends_with("Flat") { 32 } else { 2 };
    let queries = numbers(kind.d * count, 99);
    let found = index.search(&queries, 10)?;
    let labels: Vec<i64> = found.labels.iter().map(|label| label.to_native()).collect();
    assert_eq!(mapped.search(&queries, 10)?.ids, labels, "{name}: searches differ");
    let mut we_search = || Ok(timed(|| Ok(mapped.search(&queries, 10)?))?.1);
    let mut faiss_searches = || Ok(timed(|| Ok(index.search(&queries, 10)?))?.1);
    let [we, faiss] = alternate([&mut we_search, &mut faiss_searches])?;
    ratio(&format!("{count} searches after it"), we, "after `read_index`", faiss, kind.search);
    drop((index, mapped));

    let (saving, _) = child(home, "save", &plain, &ours)?;
    below("memory that `save` takes", saving, "MiB", 64.0);
    let (peak, after) = child(home, "load_owned", &ours, &plain)?;
    below("memory that `load_owned` takes beyond the index", peak - after, "MiB", 64.0);
    let (peak, _) = child(home, "load", &ours, &plain)?;
    below("memory that `load` takes in all, less what it maps", peak, "MiB", after + 64.0);
    fs::remove_file(&ours).ok();
    Ok(())
}

/// By how much the peak of memory rises in a child that does this, and by how much it is up afterwards; in MiB.
fn child(home: &Path, what: &str, from: &Path, to: &Path) -> Result<(f64, f64)> {
    let output = Command::new(std::env::current_exe()?).arg(home).args(["child", what]).args([from, to]).output()?;
    if !output.status.success() {
        return Err(format!("the child failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let said = String::from_utf8(output.stdout)?;
    let mut said = said.split_whitespace().map(str::parse);
    Ok((said.next().ok_or("no peak")??, said.next().ok_or("no end")??))
}

fn grown(what: &str, from: &Path, to: &Path) -> Result<()> {
    let anonymous = || Ok::<_, Box<dyn Error>>(mark("RssAnon:")? + mark("RssShmem:")?);
    match what {
        "save" => {
            let index = faiss::read_index(text(from)?)?;
            fs::write("/proc/self/clear_refs", "5")?;
            let before = mark("VmRSS:")?;
            faissil::save(&index, to)?;
            println!("{} {}", mark("VmHWM:")? - before, mark("VmRSS:")? - before);
        }
        _ => {
            let before = anonymous()?;
            // Pages of the file that are mapped come and go with the page cache; the peak of all others is what counts.
            let (done, peak) = (AtomicBool::new(false), AtomicU64::new(0));
            let held = thread::scope(|scope| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        let now = anonymous().unwrap_or(0.0) * 1024.0;
                        peak.fetch_max(now as u64, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(1));
                    }
                });
                let loaded: Result<Box<dyn std::any::Any>> = match what {
                    "load" => Load::new().load(from).map(|index| Box::new(index) as _).map_err(Into::into),
                    _ => faissil::load_owned(from).map(|index| Box::new(index) as _).map_err(Into::into),
                };
                done.store(true, Ordering::Relaxed);
                loaded
            })?;
            println!("{} {}", peak.into_inner() as f64 / 1024.0 - before, anonymous()? - before);
            drop(held);
        }
    }
    Ok(())
}

/// A line of `/proc/self/status`, in MiB.
fn mark(name: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}

/// How long a search waits at most for the index that it searches, while the index is swapped.
fn swap(home: &Path) -> Result<()> {
    let kind = &KINDS[0];
    let plain = kind.make(home)?;
    let path = kind.file(home, "live");
    let input = faissil::save::Input::Path(plain);
    let save = || {
        let (layout, additions) = (faissil::core::snapshot::Layout::Sealed, Default::default());
        faissil::save::save(&input, &path, layout, &additions, &|_, _| {})
    };
    save()?;
    let live = Live::opening().every(Some(Duration::from_millis(10))).open(&path)?;
    let (done, worst, gets) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let start = Instant::now();
                let index = live.get();
                worst.fetch_max(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
                gets.fetch_add(1, Ordering::Relaxed);
                assert_eq!(index.d(), kind.d);
                drop(index);
                thread::sleep(Duration::from_micros(20));
            }
        });
        let swapped = || -> Result<()> {
            for swaps in 1..=5 {
                save()?;
                while live.swaps() < swaps {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            Ok(())
        };
        let swapped = swapped();
        done.store(true, Ordering::Relaxed);
        swapped
    })?;
    let worst = worst.into_inner() as f64 / 1e6;
    below(
        &format!("longest of {} waits for the index while 1 GiB was swapped 5 times", gets.into_inner()),
        worst,
        "ms",
        1.0,
    );
    drop(live);
    fs::remove_file(&path).ok();
    Ok(())
}
