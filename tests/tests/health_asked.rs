//! Health asked of whole files, by the native host and by one that holds the bytes in memory.

use faissil::save::{Additions, Input, save};
use faissil_core::{
    asking::{Ask, Course, Give},
    error::Cause,
    files::Files,
    health::{Looked, Options, Part, examine},
    index::Index,
    opened::{Access, Caches, open},
    snapshot::Layout,
};
use faissil_tests::health::TINY;
use faissil_tests::{driven, kept, root};
use std::collections::BTreeMap;

/// `health` from a host that holds the bytes in memory.
async fn asked(ask: Ask, name: &str, has_side: bool, options: &Options, give: &Give<Looked>) -> Result<(), Cause> {
    let opened = open(&ask).await?;
    let access = Access::new(ask, &opened, Caches::default());
    let index = Index::of(&access).await?;
    let index = index.with_side(if has_side { Ok(()) } else { Err("no such file") });
    examine(&access, &index, name, options, give).await
}

#[test]
fn other_hosts_say_what_the_native_one_says() {
    let dir = tempfile::tempdir().unwrap();
    for (number, case) in kept().iter().enumerate() {
        let sealed = dir.path().join("x.faissil");
        save(&Input::Path(case.path.clone()), &sealed, Layout::Sealed, &Additions::default(), &|_, _| {}).unwrap();
        let side = case.side().map(|side| std::fs::read(side).unwrap());
        let mut places = vec![(case.path.clone(), side)];
        if number % 4 == 0 {
            places.push((sealed, None));
        }
        for (path, side) in places {
            let mut bytes = std::fs::read(&path).unwrap();
            let files = Files { stream: bytes.len() as u64, side: side.as_ref().map(|side| side.len() as u64) };
            bytes.extend(side.iter().flatten());
            let name = path.display().to_string();
            let (name, has_side) = (name.as_str(), files.side.is_some());
            let mut course =
                Course::new(files, |ask, give| async move { asked(ask, name, has_side, &TINY, &give).await });
            let (mut parts, mut answer, mut far) = (Vec::new(), None, 0);
            while let Some(looked) = driven::step(&mut course, &bytes, 1 << 20).unwrap().unwrap() {
                let (done, all) = course.progress();
                assert!((far..=all).contains(&done), "{name}: {done} of {all} after {far}");
                far = done;
                match looked {
                    Looked::At(section) => parts.push(section),
                    Looked::All(examined) => answer = Some(examined.health),
                }
            }
            let answer = answer.unwrap();
            assert_eq!(parts, answer.sections, "{name}");
            let native = faissil::health::health(&path, &TINY).unwrap();
            assert_eq!(serde_json::to_string(&answer).unwrap(), serde_json::to_string(&native).unwrap(), "{name}");
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
