//! The lines that the viewer shows, as it shows them (`web-demo/src/data/lines.ts`); a test of the viewer writes this.
#![allow(unused_variables, clippy::all)]
#![cfg_attr(rustfmt, rustfmt_skip)]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    line_0()?;
    line_1()?;
    line_2()?;
    line_3()?;
    line_4()?;
    line_5()?;
    line_6()?;
    line_7()?;
    line_8()?;
    line_9()?;
    line_10()?;
    line_11()?;
    Ok(())
}

fn line_0() -> Result<(), Box<dyn std::error::Error>> {
    let page = faissil::inspect::inspect("my index.faissil".as_ref())?;
    Ok(())
}

fn line_1() -> Result<(), Box<dyn std::error::Error>> {
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let index = faissil::inspect::Index::of(&opened)?;
    for part in index.outline.leaves() { println!("{} {}", part.span, part.path) }
    Ok(())
}

fn line_2() -> Result<(), Box<dyn std::error::Error>> {
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let sealed = opened.snapshot.as_ref().ok_or("no digests")?;
    let report = faissil::verify::verify(&opened.file, sealed, ".".as_ref(), &|_, _| {})?;
    Ok(())
}

fn line_3() -> Result<(), Box<dyn std::error::Error>> {
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let options = faissil::core::health::Options::asked(None, None, None, false);
    let found = faissil::health::examine(&opened, &options, &|_, _| {})?;
    Ok(())
}

fn line_4() -> Result<(), Box<dyn std::error::Error>> {
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let options = faissil::core::health::Options::asked(Some(300), None, Some(2), false);
    let found = faissil::health::examine(&opened, &options, &|_, _| {})?;
    Ok(())
}

fn line_5() -> Result<(), Box<dyn std::error::Error>> {
    use faissil::core::look_up::{Which, vectors};
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let index = &faissil::inspect::Index::of(&opened)?;
    let which = Which::Range(0..1);
    let found = index.ask(&|_, _| {}, |access| async move { vectors(&access, index, which).await })?;
    Ok(())
}

fn line_6() -> Result<(), Box<dyn std::error::Error>> {
    use faissil::core::{ids::ExternalId, look_up::{Which, vectors}};
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let index = &faissil::inspect::Index::of(&opened)?;
    let which = Which::Ids(vec![ExternalId(-7)]);
    let found = index.ask(&|_, _| {}, |access| async move { vectors(&access, index, which).await })?;
    Ok(())
}

fn line_7() -> Result<(), Box<dyn std::error::Error>> {
    use faissil::core::look_up::{Which, vectors};
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let index = &faissil::inspect::Index::of(&opened)?;
    let which = Which::Range(5..6);
    let found = index.ask(&|_, _| {}, |access| async move { vectors(&access, index, which).await })?;
    Ok(())
}

fn line_8() -> Result<(), Box<dyn std::error::Error>> {
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let options = faissil::core::health::Options::asked(None, None, None, false);
    let found = faissil::health::map_opened(&opened, &options, &|_, _| {})?;
    Ok(())
}

fn line_9() -> Result<(), Box<dyn std::error::Error>> {
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let options = faissil::core::health::Options::asked(Some(300), None, Some(2), false);
    let found = faissil::health::map_opened(&opened, &options, &|_, _| {})?;
    Ok(())
}

fn line_10() -> Result<(), Box<dyn std::error::Error>> {
    let opened = faissil::opened::Opened::open("my index.faissil".as_ref())?;
    let attached = faissil::load::attachments(&opened.file, faissil::load::snapshot_of(&opened)?)?;
    Ok(())
}

fn line_11() -> Result<(), Box<dyn std::error::Error>> {
    let a = faissil::inspect::inspect("my index.faissil".as_ref())?;
    let b = faissil::inspect::inspect("other.faissil".as_ref())?;
    Ok(())
}
