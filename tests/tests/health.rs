//! How an index is doing: figures worked out again from the bytes, by other means. Graphs have a file of their own.
//!
//! `tests/faiss/health.py` holds them against FAISS and NumPy on larger indexes.

use faissil_core::{
    faiss,
    files::Files,
    health::{Detail, MEASURES, Map, Options, Part, Stage, Tag, map_plan, plan},
    outline::Outline,
    vectors::{VectorStream, codes_of, find},
};
use faissil_tests::health::{TINY, record, sections};
use faissil_tests::{corpus, driven, kept, root};
use serde_json::Value as Json;
use std::collections::BTreeSet;

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
        let (file, files) = case.with_side();
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        let found = sections(&file, files, &outline, &TINY);
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
        let (file, files) = case.with_side();
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
        let (file, files) = case.with_side();
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
        let (file, files) = case.with_side();
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
