//! Health and maps over vectors of every class of the corpus: which come out, how, and what reading them takes.

use faissil_core::{
    bytes::{Reading, Step, slice},
    faiss,
    files::Files,
    health::{Detail, Map, Options, Part, Planned, Stage, map_plan, plan},
    look_up::fidelity,
    outline::{Family, Outline},
    report::Level,
    vectors::{Codes, Stored, VectorStream, find, find_floats},
};
use faissil_tests::health::{TINY, sections};
use faissil_tests::{corpus, driven, kept};
use std::collections::BTreeMap;

/// Of each class, how many files say what.
type Counts = BTreeMap<String, BTreeMap<String, u32>>;

fn told(all: &Counts) -> String {
    let mut text = String::new();
    for (class, counts) in all {
        text += &format!("{class}\n");
        counts.iter().for_each(|(says, count)| text += &format!("  {count:>4} {says}\n"));
    }
    text
}

/// The same without places, which differ from file to file.
fn without_places(reason: &str) -> String {
    let mut parts = reason.split("at byte ");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |text, part| text + "at byte …" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn every_class_fares_as_its_vectors_do() {
    let mut all = Counts::new();
    for case in corpus() {
        let (file, files) = case.with_side();
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        let found = sections(&file, files, &outline, &Options::default());
        let vectors: Vec<_> = found.iter().filter(|section| section.part == Part::Vectors).collect();
        let map = map_plan(&outline, files, &Options::default());
        let [section] = vectors.as_slice() else { panic!("{}: {vectors:?}", case.name) };
        let says = match (&section.detail, &section.omitted) {
            (Some(Detail::Vectors(found)), None) => {
                let stored = find(&outline).unwrap();
                assert_eq!(found.fidelity, fidelity(&stored), "{}", case.name);
                assert_eq!(found.d, outline.root.u64("d").unwrap(), "{}", case.name);
                assert_eq!(map.unwrap().fidelity, found.fidelity, "{}", case.name);
                found.fidelity.name().to_string()
            }
            (None, Some(why)) => {
                assert_eq!(&map.unwrap_err().reason, why, "{}", case.name);
                without_places(why)
            }
            other => panic!("{}: {other:?}", case.name),
        };
        *all.entry(section.class.to_string()).or_default().entry(says).or_default() += 1;
    }
    insta::assert_snapshot!(told(&all));
}

#[test]
fn every_class_says_what_of_its_codes_is_counted() {
    let mut all = Counts::new();
    for case in corpus() {
        let (file, files) = case.with_side();
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        for section in sections(&file, files, &outline, &Options::default()) {
            if section.part != Part::Codes {
                continue;
            }
            let says = match (&section.detail, &section.omitted) {
                (Some(Detail::Codes(codes)), None) => format!("{} codes are counted", codes.kind),
                (Some(Detail::Scalar(codes)), None) => format!("the range of {} codes is looked at", codes.qtype),
                (None, Some(why)) => without_places(why),
                other => panic!("{}: {other:?}", case.name),
            };
            *all.entry(section.class.to_string()).or_default().entry(says).or_default() += 1;
        }
    }
    insta::assert_snapshot!(told(&all));
}

/// What a part asks for.
fn asked(part: &Planned<'_>, file: &[u8], files: Files) -> u64 {
    let mut reading = part.examine(files).unwrap();
    let mut asked = 0;
    loop {
        match reading.step().unwrap() {
            Step::Need(span) => {
                asked += span.len;
                reading.bring(span.start, slice(file, span));
            }
            Step::Done(_) => return asked,
        }
    }
}

fn is_in_rows(stored: &Stored<'_>) -> bool {
    matches!(stored.codes, Codes::Rows(_) | Codes::Blocks { .. })
}

#[test]
fn a_plan_counts_codebooks_and_centroids() {
    let (mut rows, mut lists) = (0, 0);
    for case in corpus() {
        let (file, files) = case.with_side();
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        let Ok(stored) = find_floats(&outline) else { continue };
        if stored.is_exact() || stored.rows == 0 {
            continue;
        }
        for options in [TINY, Options::default()] {
            let parts = plan(&outline, files, &options);
            let part = parts.iter().find(|part| part.part == Part::Vectors).unwrap();
            let asked = asked(part, &file, files);
            let tables: u64 = stored.tables().iter().map(|span| span.len).sum();
            assert!(tables <= part.bytes && part.bytes <= part.bytes_most, "{}: {part:?}", case.name);
            assert!((tables..=part.bytes_most).contains(&asked), "{}: {asked} of {part:?}", case.name);
            if is_in_rows(&stored) && part.coverage.looked_at == part.coverage.of {
                assert_eq!((part.bytes, part.bytes_most), (asked, asked), "{}: {part:?}", case.name);
                rows += 1;
            } else {
                lists += 1;
            }
        }
    }
    assert!(rows > 100 && lists > 100, "{rows} in rows, {lists} in lists or sampled");
}

fn map_of(file: &[u8], files: Files, outline: &Outline) -> Map {
    let mut mapping = map_plan(outline, files, &TINY).unwrap().mapping("x".into());
    loop {
        if let Stage::Done(map) = driven::step(&mut mapping, file, 4001).unwrap() {
            return map;
        }
    }
}

#[test]
fn a_map_of_decoded_vectors_has_their_norms() {
    let mut seen = 0;
    for case in kept() {
        let (file, files) = case.with_side();
        let outline = faiss::outline(&file[..files.stream as usize]).unwrap();
        let Ok(stored) = find_floats(&outline) else { continue };
        if stored.is_exact() || outline.root.family != Family::Index {
            continue;
        }
        let map = map_of(&file, files, &outline);
        assert_eq!(map.fidelity, Level::DecodedVectors, "{}", case.name);
        let mut stream = VectorStream::all(&stored, files, false);
        let batches = driven::batches(&mut stream, &file, usize::MAX).unwrap();
        let bytes: Vec<u8> = batches.into_iter().flat_map(|batch| batch.floats).collect();
        let rows: Vec<&[u8]> = bytes.chunks_exact(stored.row_bytes as usize).collect();
        for (row, norm) in map.row.iter().zip(&map.norm) {
            let values = rows[*row as usize].as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
            let expected = values.map(|value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt();
            assert!(
                (f64::from(*norm) - expected).abs() <= 1e-6 * expected,
                "{} row {row}: {norm} {expected}",
                case.name
            );
            seen += 1;
        }
    }
    assert!(seen > 1000, "only {seen} points");
}
