//! How an index is doing: figures worked out again from the bytes, by other means.
//!
//! `tests/faiss/health.py` holds them against FAISS and NumPy on larger indexes.

use faissil::save::{Additions, Input, save};
use faissil_core::{
    Span,
    asking::{Ask, Task},
    bytes::{Reading, Step, slice},
    error::Cause,
    faiss,
    files::Files,
    health::{
        Detail, GraphDetail, MEASURES, Map, Options, Part, Planned, Section, Stage, State, Tag, examine, map_plan, plan,
    },
    index::Index,
    opened::{Access, Caches, open},
    outline::{Outline, Record},
    snapshot::Layout,
    vectors::{VectorStream, codes_of, find},
};
use faissil_tests::{Case, corpus, driven, kept, root};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A sample even of the smallest index.
const TINY: Options = Options { rows: 16, bytes: 0, runs: 4, seed: 3, whole: 0 };

/// The bytes of a case, with those of its side file behind.
fn with_side(case: &Case) -> (Vec<u8>, Files) {
    let mut bytes = case.bytes();
    let stream = bytes.len() as u64;
    let side = side_of(case).map(|path| std::fs::read(path).unwrap());
    let files = Files { stream, side: side.as_ref().map(|side| side.len() as u64) };
    bytes.extend(side.iter().flatten());
    (bytes, files)
}

fn side_of(case: &Case) -> Option<std::path::PathBuf> {
    let facts = case.facts();
    let (name, _) = facts["side_files"].as_object()?.iter().next()?;
    Some(case.path.parent()?.join(name)).filter(|path| path.exists())
}

/// The sections of a file; no part asks for more than was said.
fn sections(file: &[u8], files: Files, outline: &Outline, options: &Options) -> Vec<Section> {
    let one = |part: &Planned<'_>| {
        let Some(mut reading) = part.examine(files) else { return part.without(None) };
        let mut asked = 0;
        loop {
            match reading.step().unwrap_or_else(|error| panic!("{}: {error}", part.path)) {
                Step::Need(span) => {
                    asked += span.len;
                    reading.bring(span.start, slice(file, span));
                }
                Step::Done(found) => {
                    assert!(asked <= part.bytes_most, "{part:?} asked for {asked} bytes");
                    return part.section(found);
                }
            }
        }
    };
    plan(outline, files, options).iter().map(one).collect()
}

fn examined(case: &Case, options: &Options) -> Vec<Section> {
    let (file, files) = with_side(case);
    let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
    sections(&file, files, &outline, options)
}

/// The records of an index with their paths.
fn records<'a>(record: &'a Record, path: &str, out: &mut Vec<(String, &'a Record)>) {
    out.push((path.into(), record));
    for child in record.children() {
        let path = if path.is_empty() { child.role.to_string() } else { format!("{path}.{}", child.role) };
        records(child, &path, out);
    }
}

fn record<'a>(outline: &'a Outline, path: &str) -> &'a Record {
    let mut all = Vec::new();
    records(&outline.root, "", &mut all);
    all.into_iter().find(|(other, _)| other == path).unwrap().1
}

fn words<const N: usize, T>(file: &[u8], span: Span, read: impl Fn([u8; N]) -> T) -> Vec<T> {
    slice(file, span).chunks_exact(N).map(|word| read(word.try_into().unwrap())).collect()
}

#[test]
fn list_sizes_are_those_of_the_facts() {
    fn sizes_in(node: &Json, out: &mut Vec<(u64, Vec<u64>)>) {
        if let Some(sizes) = node["invlists"]["sizes_nonempty"].as_object() {
            let sizes = sizes.values().map(|size| size.as_u64().unwrap()).collect();
            out.push((node["invlists"]["nlist"].as_u64().unwrap(), sizes));
        }
        node["children"].as_array().into_iter().flatten().for_each(|child| sizes_in(child, out));
    }
    let mut seen = 0;
    for case in corpus() {
        let mut expected = Vec::new();
        sizes_in(&case.facts()["tree"], &mut expected);
        let found = examined(&case, &TINY);
        let lists = found.iter().filter_map(|section| match &section.detail {
            Some(Detail::Lists(lists)) => Some(lists),
            _ => None,
        });
        let found: Vec<_> = lists.collect();
        assert_eq!(found.len(), expected.len(), "{}", case.name);
        for (found, (nlist, sizes)) in found.into_iter().zip(expected) {
            let (total, squares) = (sizes.iter().sum::<u64>(), sizes.iter().map(|size| size * size).sum::<u64>());
            assert_eq!((found.nlist, found.entries), (nlist, total), "{}", case.name);
            assert_eq!(found.empty, nlist - sizes.len() as u64, "{}", case.name);
            for bucket in &found.histogram {
                let inside: Vec<_> = sizes.iter().filter(|size| (bucket.from..=bucket.to).contains(size)).collect();
                let empty = if bucket.from == 0 { found.empty } else { 0 };
                assert_eq!(bucket.count, inside.len() as u64 + empty, "{} {bucket:?}", case.name);
            }
            let mut ranked = sizes.clone();
            ranked.sort_by_key(|size| std::cmp::Reverse(*size));
            ranked.resize(nlist as usize, 0);
            assert!(found.ranks.iter().all(|point| ranked[point.rank as usize - 1] == point.size), "{}", case.name);
            if total > 0 {
                let first = squares as f64 / (total * total) as f64;
                assert!((found.scanned[0].share - first).abs() < 1e-12, "{}", case.name);
                assert!(found.scanned.windows(2).all(|pair| pair[0].share <= pair[1].share), "{}", case.name);
                assert_eq!(found.scanned.last().unwrap().share, 1.0, "{}", case.name);
                let factor = found.imbalance.unwrap();
                assert!((factor - first * nlist as f64).abs() < 1e-9 * factor, "{}", case.name);
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} with lists");
}

/// What a plain walk over a graph finds: out of range, to itself, below, misplaced, unreachable, unreachable at all,
/// links on level 0.
fn walked(file: &[u8], graph: &Record) -> (u64, u64, u64, u64, u64, Option<u64>, u64) {
    let n = graph.u64("ntotal").unwrap() as usize;
    let span = |name: &str| graph.array(name).unwrap().span;
    let number = |name: &str| {
        i64::from(match graph.value(name) {
            Some(faissil_core::outline::Value::I32(number)) => *number,
            other => panic!("{name}: {other:?}"),
        })
    };
    let (mut out_of_range, mut itself, mut below, mut misplaced) = (0, 0, 0, 0);
    let mut level0: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut starts = Vec::new();
    let mut links = 0;
    let entry;
    if graph.array("nsg.graph").is_some() {
        entry = number("nsg.enterpoint");
        let all = words(file, span("nsg.graph"), i32::from_le_bytes);
        for (node, own) in all.split(|&link| link == -1).take(n).enumerate() {
            links += own.len() as u64;
            level0[node] = own.iter().map(|&link| link as usize).collect();
            itself += own.iter().filter(|&&link| link as usize == node).count() as u64;
        }
    } else {
        entry = number("hnsw.entry_point");
        let cum = words(file, span("hnsw.cum_nneighbor_per_level"), i32::from_le_bytes);
        let levels = words(file, span("hnsw.levels"), i32::from_le_bytes);
        let offsets = words(file, span("hnsw.offsets"), u64::from_le_bytes);
        let neighbors = words(file, span("hnsw.neighbors"), i32::from_le_bytes);
        for node in 0..n {
            let top = levels[node];
            let (from, to) = (offsets[node], offsets[node + 1]);
            let room = usize::try_from(top).ok().filter(|&top| top > 0).and_then(|top| cum.get(top));
            if top > 1 {
                starts.push(node);
            }
            if room.is_none_or(|&room| to.checked_sub(from) != Some(room as u64)) || to > neighbors.len() as u64 {
                misplaced += 1;
                continue;
            }
            for level in 0..top as usize {
                let own = &neighbors[from as usize + cum[level] as usize..from as usize + cum[level + 1] as usize];
                for &link in own.iter().take_while(|&&link| link != -1) {
                    links += u64::from(level == 0);
                    match usize::try_from(link) {
                        Ok(link) if link >= n => out_of_range += 1,
                        Err(_) => out_of_range += 1,
                        Ok(link) if link == node => itself += 1,
                        Ok(link) if level > 0 && levels[link] < 2 => below += 1,
                        Ok(_) => {}
                    }
                    if let Some(link) = usize::try_from(link).ok().filter(|&link| link < n && level == 0) {
                        level0[node].push(link);
                    }
                }
            }
        }
    }
    let unreachable = |starts: &[usize]| {
        let mut seen = vec![false; n];
        let mut queue = starts.to_vec();
        while let Some(node) = queue.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                queue.extend(level0[node].iter().filter(|&&link| !seen[link]));
            }
        }
        seen.iter().filter(|seen| !**seen).count() as u64
    };
    let first: Vec<usize> = usize::try_from(entry).ok().filter(|&entry| entry < n).into_iter().collect();
    starts.extend(&first);
    let at_all = graph.array("hnsw.levels").map(|_| unreachable(&starts));
    (out_of_range, itself, below, misplaced, unreachable(&first), at_all, links)
}

fn told(graph: &GraphDetail) -> (u64, u64, u64, u64, u64, Option<u64>, u64) {
    let links = graph.degrees.first().map_or(0, |level| level.links);
    let unreachable = graph.unreachable.unwrap();
    let below = graph.links_below.unwrap();
    let (out_of_range, itself) = (graph.links_out_of_range, graph.links_to_itself);
    (out_of_range, itself, below, graph.nodes_misplaced, unreachable, graph.unreachable_at_all, links)
}

#[test]
fn graphs_are_what_a_plain_walk_finds() {
    let (mut seen, mut broken, mut lost) = (0, 0, 0);
    for case in corpus() {
        let whole = case.bytes();
        let outline = faiss::outline(&whole).unwrap();
        let mut all = Vec::new();
        records(&outline.root, "", &mut all);
        if !all
            .iter()
            .any(|(_, record)| ["hnsw.neighbors", "nsg.graph"].iter().any(|name| record.array(name).is_some()))
        {
            continue;
        }
        let graphs = all.iter().filter(|(_, record)| record.array("hnsw.neighbors").is_some());
        let mut files = vec![whole.clone()];
        for (_, graph) in graphs {
            // The same with some links cut, turned elsewhere or into nonsense, and with a level and an offset that lie.
            for round in 0..6_u32 {
                let mut file = whole.clone();
                let span = graph.array("hnsw.neighbors").unwrap().span;
                let n = graph.u64("ntotal").unwrap().max(1) as u32;
                for (place, link) in file[span.start as usize..span.end() as usize].chunks_exact_mut(4).enumerate() {
                    let chance = (place as u32).wrapping_mul(2_654_435_761).wrapping_add(round * 977) >> 16;
                    match (round, chance % 16) {
                        (0, 0..4) | (1, 0..13) => link.copy_from_slice(&(-1_i32).to_le_bytes()),
                        (2, 0..8) => link.copy_from_slice(&(chance % n).to_le_bytes()),
                        (3, 0) => link.copy_from_slice(&(n + chance).to_le_bytes()),
                        (3, 1) => link.copy_from_slice(&(-7_i32).to_le_bytes()),
                        _ => {}
                    }
                }
                for (name, width) in [("hnsw.levels", 4), ("hnsw.offsets", 8)] {
                    let span = graph.array(name).unwrap().span;
                    // Not the last offset: the outline leans on it.
                    let at = span.start as usize + n as usize / 3 * width;
                    if round == 4 && n > 8 {
                        file[at] ^= 1;
                    } else if round == 5 && n > 8 {
                        file[at + width - 1] ^= 0x80;
                    }
                }
                files.push(file);
            }
        }
        for file in files {
            let Ok(outline) = faiss::outline(&file) else { continue };
            for section in sections(&file, Files::only(file.len() as u64), &outline, &TINY) {
                let Some(Detail::Graph(graph)) = &section.detail else { continue };
                let expected = walked(&file, record(&outline, &section.path));
                assert_eq!(told(graph), expected, "{} {}", case.name, section.path);
                let is_damage = section.measures.iter().any(|measure| measure.state == State::Damage);
                let (out_of_range, itself, below, misplaced, unreachable, ..) = expected;
                assert!(is_damage || out_of_range + itself + below + misplaced == 0, "{}", case.name);
                assert!(file != case.bytes() || !is_damage, "{}: FAISS wrote this: {section:?}", case.name);
                seen += 1;
                broken += u64::from(is_damage);
                lost += u64::from(unreachable > 0);
            }
        }
    }
    assert!(seen > 100 && broken > 50 && lost > 50, "{seen} graphs, {broken} broken, {lost} with lost nodes");
}

/// An `IndexHNSW` without storage of `n` nodes on level 0, with room for 16 links each.
fn graph_of(n: u32, links: impl Fn(u32) -> Vec<u32>) -> Vec<u8> {
    let mut out = b"IHNf".to_vec();
    out.extend(4_i32.to_le_bytes());
    [u64::from(n), 1 << 20, 1 << 20].iter().for_each(|number| out.extend(number.to_le_bytes()));
    out.push(1);
    out.extend(1_i32.to_le_bytes());
    out.extend(1_u64.to_le_bytes());
    out.extend(1_f64.to_le_bytes());
    out.extend(2_u64.to_le_bytes());
    [0_i32, 16].iter().for_each(|sum| out.extend(sum.to_le_bytes()));
    out.extend(u64::from(n).to_le_bytes());
    (0..n).for_each(|_| out.extend(1_i32.to_le_bytes()));
    out.extend(u64::from(n + 1).to_le_bytes());
    (0..=u64::from(n)).for_each(|node| out.extend((node * 16).to_le_bytes()));
    out.extend((u64::from(n) * 16).to_le_bytes());
    for node in 0..n {
        let own = links(node);
        let padded = own.iter().map(|&link| link as i32).chain(std::iter::repeat(-1)).take(16);
        padded.for_each(|link| out.extend(link.to_le_bytes()));
    }
    // Entry point, highest level, efConstruction, efSearch, upper_beam.
    [n as i32 / 2, 0, 40, 16, 1].iter().for_each(|number| out.extend(number.to_le_bytes()));
    out.extend(b"null");
    out
}

#[test]
fn graphs_too_large_to_keep_are_read_again_where_paths_turn_back() {
    const N: u32 = 600_000;
    let mixed = |node: u32, turn: u32| (node.wrapping_mul(2_654_435_761) ^ turn.wrapping_mul(0x9E37_79B9)) % N;
    // Six links to anywhere but the last thousand nodes.
    let random =
        graph_of(N, |node| (1..7).map(|turn| mixed(node, turn) % (N - 1000)).filter(|&to| to != node).collect());
    // One path through all nodes that leaves its block with every step.
    let path = graph_of(N, |node| vec![(node + 70_001) % N]);
    for (file, is_known) in [(random, true), (path, false)] {
        let outline = faiss::outline(&file).unwrap();
        assert_eq!(outline.fault, None);
        let found = sections(&file, Files::only(file.len() as u64), &outline, &TINY);
        let Some(Detail::Graph(graph)) = &found[0].detail else { panic!("{found:?}") };
        if is_known {
            assert_eq!(told(graph), walked(&file, &outline.root));
            assert!(graph.unreachable >= Some(1000) && graph.unreachable < Some(N.into()));
        } else {
            assert_eq!((graph.unreachable, graph.unreachable_at_all), (None, None));
            let unknown = found[0].measures.iter().filter(|measure| measure.state == State::Unknown);
            assert!(unknown.map(|measure| measure.code).eq(["unreachable", "unreachable-at-all"]));
            assert_eq!(graph.degrees[0].histogram, [0, u64::from(N)]);
        }
    }
}

/// The rows of a sample, by the words of the documents: SplitMix64, one run in each equal part.
fn drawn(of: u64, rows: u64, runs: u64, seed: u64) -> Vec<u64> {
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let length = rows / runs;
    (0..runs)
        .flat_map(|part| {
            let (first, end) = (of * part / runs, of * (part + 1) / runs);
            let places = end - first - length + 1;
            let start = first + ((u128::from(random()) * u128::from(places)) >> 64) as u64;
            start..start + length
        })
        .collect()
}

#[test]
fn vectors_and_codes_are_those_of_the_rows() {
    let (mut plain, mut product, mut scalar, mut bits) = (0, 0, 0, 0);
    for case in corpus() {
        let (file, files) = with_side(&case);
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        for options in [TINY, Options::default()] {
            for section in sections(&file, files, &outline, &options) {
                let (is_floats, found) = match (&section.part, &section.detail) {
                    (Part::Vectors, Some(detail)) => (true, detail),
                    (Part::Codes, Some(detail)) => (false, detail),
                    _ => continue,
                };
                let stored = if is_floats {
                    find(&outline).unwrap()
                } else {
                    codes_of(record(&outline, &section.path)).unwrap()
                };
                let mut stream = VectorStream::all(&stored, files, false);
                let batches = driven::batches(&mut stream, &file, usize::MAX).unwrap();
                let bytes: Vec<u8> = batches.into_iter().flat_map(|batch| batch.floats).collect();
                let rows: Vec<&[u8]> = bytes.chunks_exact(stored.row_bytes as usize).collect();
                let coverage = section.coverage;
                let rows: Vec<&[u8]> = match coverage.sample {
                    None => rows,
                    Some(sample) => {
                        assert_eq!((coverage.tag, coverage.of), (Tag::Sampled, rows.len() as u64));
                        let wanted = sample.runs * sample.run_rows;
                        let numbers = drawn(coverage.of, wanted, sample.runs, sample.seed);
                        numbers.iter().map(|&row| rows[row as usize]).collect()
                    }
                };
                assert_eq!(coverage.looked_at, rows.len() as u64, "{}", case.name);
                match found {
                    Detail::Vectors(found) => {
                        let norm = |row: &&[u8]| {
                            let values = row.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
                            values.map(|value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt()
                        };
                        let norms: Vec<f64> = rows.iter().map(norm).collect();
                        let nan = norms.iter().filter(|norm| norm.is_nan()).count() as u64;
                        assert_eq!((found.nan, found.infinite), (nan, 0), "{}", case.name);
                        let norms: Vec<f64> = norms.into_iter().filter(|norm| norm.is_finite()).collect();
                        assert_eq!(found.zero, norms.iter().filter(|&&norm| norm == 0.0).count() as u64);
                        if let Some(told) = &found.norm {
                            let close =
                                |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * b.abs(), "{}: {a} {b}", case.name);
                            close(told.min, norms.iter().copied().fold(f64::INFINITY, f64::min));
                            close(told.max, norms.iter().copied().fold(0.0, f64::max));
                            close(told.mean, norms.iter().sum::<f64>() / norms.len() as f64);
                        }
                        assert_eq!(found.histogram.iter().map(|class| class.count).sum::<u64>(), norms.len() as u64);
                        plain += 1;
                    }
                    Detail::Codes(found) => {
                        let mut at = if section.class == "Index2Layer" {
                            8 * (stored.row_bytes as usize - found_bytes(found))
                        } else {
                            0
                        };
                        let old = stored.row_bytes as usize > found_bytes(found) && found.kind == "product" && at == 0;
                        for sub in &found.subs {
                            // Bit by bit, from the lowest of the first byte on.
                            let number = |row: &&[u8]| {
                                let bit = |bit: usize| u64::from(row[bit / 8] >> (bit % 8) & 1);
                                (0..sub.bits as usize).map(|step| bit(at + step) << step).sum::<u64>()
                            };
                            let used: BTreeSet<u64> = rows.iter().map(number).collect();
                            assert_eq!(sub.used, used.len() as u64, "{} {sub:?}", case.name);
                            at += if old { 8 } else { sub.bits as usize };
                        }
                        if found.kind == "bits" { bits += 1 } else { product += 1 }
                    }
                    Detail::Scalar(found) => {
                        let (mut low, mut high, mut all) = (0.0, 0.0, 0.0_f64);
                        for row in &rows {
                            for dimension in 0..found.d as usize {
                                let bit = |bit: usize| u32::from(row[bit / 8] >> (bit % 8) & 1);
                                let first = dimension * found.bits as usize;
                                let number: u32 = (0..found.bits).map(|step| bit(first + step as usize) << step).sum();
                                low += f64::from(u8::from(number == 0));
                                high += f64::from(u8::from(number == (1 << found.bits) - 1));
                                all += 1.0;
                            }
                        }
                        assert!((found.low - low / all.max(1.0)).abs() < 1e-12, "{}", case.name);
                        assert!((found.high - high / all.max(1.0)).abs() < 1e-12, "{}", case.name);
                        scalar += 1;
                    }
                    other => panic!("{}: {other:?}", case.name),
                }
            }
        }
    }
    assert!(plain > 100 && product > 40 && scalar > 20 && bits > 10, "{plain} {product} {scalar} {bits}");
}

/// Bytes that these codes fill.
fn found_bytes(codes: &faissil_core::health::CodesDetail) -> usize {
    codes.subs.iter().map(|sub| sub.bits as usize).sum::<usize>().div_ceil(8)
}

#[test]
fn single_bytes_give_the_same_sections() {
    for case in kept().iter().filter(|case| case.name.starts_with("1.15.1")) {
        let (file, files) = with_side(case);
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        if file.len() > 20_000 {
            continue;
        }
        for part in plan(&outline, files, &TINY) {
            let over = |page| part.examine(files).map(|reading| driven::over(reading, &file, page).unwrap());
            assert_eq!(over(7), over(usize::MAX), "{}: {part:?}", case.name);
        }
    }
}

/// The map of a file, drawn in pages of this size.
fn map_of(file: &[u8], files: Files, outline: &Outline, options: &Options, page: usize) -> Option<Map> {
    let plan = map_plan(outline, files, options).ok()?;
    let mut mapping = plan.mapping("x".into());
    loop {
        if let Stage::Done(map) = driven::step(&mut mapping, file, page).unwrap() {
            return Some(map);
        }
    }
}

#[test]
fn a_map_is_along_the_axes_of_most_variance() {
    let mut seen = 0;
    for case in kept() {
        let (file, files) = with_side(&case);
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        let Some(map) = map_of(&file, files, &outline, &Options::default(), usize::MAX) else { continue };
        assert_eq!(Some(&map), map_of(&file, files, &outline, &Options::default(), 4001).as_ref(), "{}", case.name);
        let stored = find(&outline).unwrap();
        let mut stream = VectorStream::all(&stored, files, true);
        let batches = driven::batches(&mut stream, &file, usize::MAX).unwrap();
        let lists: Vec<u64> = batches
            .iter()
            .flat_map(|batch| batch.at.map(|at| vec![at.list; batch.ids.len()]).unwrap_or_default())
            .collect();
        assert_eq!(map.list.clone().unwrap_or_default(), lists, "{}", case.name);
        let bytes: Vec<u8> = batches.into_iter().flat_map(|batch| batch.floats).collect();
        let d = stored.d as usize;
        let values: Vec<f64> =
            bytes.chunks_exact(4).map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap()))).collect();
        let n = values.len() / d;
        let is_finite = |row: &u64| values[*row as usize * d..][..d].iter().all(|value| value.is_finite());
        let finite: Vec<u64> = (0..n as u64).filter(is_finite).collect();
        assert_eq!((&map.row, map.left_out), (&finite, n as u64 - finite.len() as u64));
        if map.left_out > 0 || n < 3 || map.variance == 0.0 {
            continue;
        }
        // The covariance itself, and its leading eigenvectors by the power method, one after the other.
        let mean: Vec<f64> = (0..d).map(|j| (0..n).map(|i| values[i * d + j]).sum::<f64>() / n as f64).collect();
        let centred: Vec<Vec<f64>> =
            values.chunks_exact(d).map(|row| row.iter().zip(&mean).map(|(v, m)| v - m).collect()).collect();
        let mut covariance = vec![vec![0.0; d]; d];
        for row in &centred {
            for (a, line) in row.iter().zip(&mut covariance) {
                line.iter_mut().zip(row).for_each(|(sum, b)| *sum += a * b / (n as f64 - 1.0));
            }
        }
        let trace: f64 = (0..d).map(|j| covariance[j][j]).sum();
        assert!((map.variance / trace - 1.0).abs() < 1e-9, "{}", case.name);
        for axis in 0..2.min(d) {
            let mut v: Vec<f64> = (0..d).map(|j| 1.0 + (j * j % 7) as f64).collect();
            let mut value = 0.0;
            for _ in 0..3000 {
                let image: Vec<f64> =
                    covariance.iter().map(|line| line.iter().zip(&v).map(|(a, b)| a * b).sum()).collect();
                value = image.iter().map(|x| x * x).sum::<f64>().sqrt();
                v = image.iter().map(|x| x / value.max(1e-300)).collect();
            }
            let told = map.explained[axis];
            assert!((told - value).abs() < 1e-4 * map.explained[0], "{}: axis {axis}: {told} {value}", case.name);
            let places = if axis == 0 { &map.x } else { &map.y };
            let along: f64 =
                places.iter().map(|&place| f64::from(place) * f64::from(place)).sum::<f64>() / (n as f64 - 1.0);
            assert!((along - told).abs() < 1e-4 * map.explained[0], "{}: {along} {told}", case.name);
            for (j, line) in covariance.iter_mut().enumerate() {
                line.iter_mut().zip(&v).for_each(|(sum, b)| *sum -= value * v[j] * b);
            }
        }
        seen += 1;
    }
    assert!(seen > 30, "only {seen} maps");
}

/// The JSON of `health`, from a host that holds the bytes in memory.
async fn asked(ask: Ask, name: &str, has_side: bool, options: &Options) -> Result<String, Cause> {
    let opened = open(&ask).await?;
    let access = Access::new(ask, &opened, Caches::default());
    let index = Index::of(&access).await?;
    let index = index.with_side(if has_side { Ok(()) } else { Err("no such file") });
    let found = examine(&access, &index, name, options).await?;
    Ok(serde_json::to_string(&found.health).unwrap())
}

#[test]
fn other_hosts_say_what_the_native_one_says() {
    let dir = tempfile::tempdir().unwrap();
    for (number, case) in kept().iter().enumerate() {
        let sealed = dir.path().join("x.faissil");
        save(&Input::Path(case.path.clone()), &sealed, Layout::Sealed, &Additions::default(), &|_, _| {}).unwrap();
        let side = side_of(case).map(|side| std::fs::read(side).unwrap());
        let mut places = vec![(case.path.clone(), side)];
        if number % 4 == 0 {
            places.push((sealed, None));
        }
        for (path, side) in places {
            let mut bytes = std::fs::read(&path).unwrap();
            let files = Files { stream: bytes.len() as u64, side: side.as_ref().map(|side| side.len() as u64) };
            bytes.extend(side.iter().flatten());
            let name = path.display().to_string();
            let task = Task::new(files, |ask| asked(ask, &name, files.side.is_some(), &TINY));
            let found = driven::over(task, &bytes, 1 << 20).unwrap().unwrap();
            let native = faissil::health::health(&path, &TINY).unwrap();
            assert_eq!(found, serde_json::to_string(&native).unwrap(), "{name}");
        }
    }
}

#[test]
fn what_is_damaged_is_left_out_and_the_rest_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.faissil");
    let sample = root().join("samples/debian-packages.faiss");
    save(&Input::Path(sample), &path, Layout::Sealed, &Additions::default(), &|_, _| {}).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[2_000_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let opened = faissil::opened::Opened::open(&path).unwrap();
    let found = faissil::health::examine(&opened, &Options::default(), &|_, _| {}).unwrap();
    assert!(found.damage.is_some());
    let parts: BTreeMap<Part, (bool, Option<String>)> = found
        .health
        .sections
        .into_iter()
        .map(|section| (section.part, (section.detail.is_some(), section.omitted)))
        .collect();
    assert!(parts[&Part::Graph].0 && parts[&Part::Ids].0 && !parts[&Part::Vectors].0);
    let why = parts[&Part::Vectors].1.as_ref().unwrap();
    assert!(why.contains("digest"), "{why}");
}

#[test]
fn the_document_names_every_measure() {
    let text = std::fs::read_to_string(root().join("docs/health.md")).unwrap();
    for about in MEASURES {
        let row = format!(
            "| `{}` | {} | {} | {} |",
            about.code,
            about.definition,
            about.threshold.unwrap_or("not judged"),
            about.source
        );
        assert!(text.contains(&row), "docs/health.md lacks the row\n{row}");
    }
    let rows = text.lines().skip_while(|line| *line != "## Measures").filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, MEASURES.len(), "docs/health.md has a row too many");
}
