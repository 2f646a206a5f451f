//! Looking at how an index is doing, as the tests do it: over bytes in memory, every promise held.

use faissil_core::{
    Span,
    bytes::{Reading, Step, slice},
    files::Files,
    health::{Options, Planned, Section, plan},
    outline::{Outline, Record},
};

/// A sample even of the smallest index.
pub const TINY: Options = Options { rows: 16, bytes: 0, runs: 4, seed: 3, whole: 0 };

/// The sections of a file; no part asks for more than was said.
///
/// # Panics
/// When one does, or when a part cannot be looked at.
pub fn sections(file: &[u8], files: Files, outline: &Outline, options: &Options) -> Vec<Section> {
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

/// The records of an index with their paths.
pub fn records<'a>(record: &'a Record, path: &str, out: &mut Vec<(String, &'a Record)>) {
    out.push((path.into(), record));
    for child in record.children() {
        let path = if path.is_empty() { child.role.to_string() } else { format!("{path}.{}", child.role) };
        records(child, &path, out);
    }
}

/// The record at a path.
///
/// # Panics
/// When there is none.
pub fn record<'a>(outline: &'a Outline, path: &str) -> &'a Record {
    let mut all = Vec::new();
    records(&outline.root, "", &mut all);
    all.into_iter().find(|(other, _)| other == path).unwrap_or_else(|| panic!("no record at `{path}`")).1
}

/// The numbers of `N` bytes in a span.
///
/// # Panics
/// When it does not hold whole numbers of `N` bytes.
pub fn words<const N: usize, T>(file: &[u8], span: Span, read: impl Fn([u8; N]) -> T) -> Vec<T> {
    slice(file, span).chunks_exact(N).map(|word| read(word.try_into().expect("chunks have this length"))).collect()
}
