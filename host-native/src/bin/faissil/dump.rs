//! `faissil dump`: bytes beside their meaning.

use crate::{
    Outcome, args,
    input::open,
    talk::{self, Stdout, print_json, to_stdout},
};
use faissil::{
    Error,
    core::{
        Span,
        outline::{Array, Leaf, Meaning, Outline},
        report::{Dump, Json},
    },
    inspect::Index,
    store::Shown,
};
use serde::Serialize;
use std::{io::Write, ops::Range, path::PathBuf};

/// Print the bytes of an index beside what they mean.
///
/// Of a snapshot, damaged bytes are shown too, as they are, with a warning that names the chunk.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file or snapshot
    file: PathBuf,
    /// Only what touches these bytes of the stream
    #[arg(long, value_name = "A..B", value_parser = args::range)]
    at: Option<Range<u64>>,
    /// Print where each part lies and what it says as JSON, without the bytes of arrays
    #[arg(long)]
    json: bool,
}

/// The JSON of `dump`.
#[derive(Serialize)]
struct Dumped<'a> {
    file: &'a str,
    /// Bytes that could be followed.
    end: u64,
    parts: Vec<Part<'a>>,
}

/// Bytes that mean one thing.
#[derive(Serialize)]
struct Part<'a> {
    offset: u64,
    bytes: u64,
    path: String,
    kind: &'static str,
    dtype: Option<&'static str>,
    shape: Option<&'a [u64]>,
    value: Option<Json>,
}

impl<'a> Part<'a> {
    fn of(leaf: Leaf<'a>) -> Part<'a> {
        let Leaf { span, path, meaning } = leaf;
        let part = |kind, array: Option<&'a Array>, value| Part {
            offset: span.start,
            bytes: span.len,
            path,
            kind,
            dtype: array.map(|array| array.dtype.name()),
            shape: array.map(|array| array.shape.as_slice()),
            value,
        };
        match meaning {
            Meaning::Field(field) => part("value", None, Some(Json::from(&field.value))),
            Meaning::Count(array) => {
                part("count", None, array.span.len.checked_div(array.dtype.width()).map(Json::Uint))
            }
            Meaning::Array(array) => part("array", Some(array), None),
            Meaning::Lists(_) => part("lists", None, None),
        }
    }
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let opened = open(&self.file)?;
        let reading = |cause: faissil::Cause| cause.reading(&self.file);
        let index = Index::with_damage(&opened).map_err(reading)?;
        let at = self.at.as_ref().map(|range| Span::between(range.start, range.end.min(index.outline.file_len)));
        if self.json {
            self.print_json(&index.outline, at)?;
            return self.end(&index);
        }
        let text = faissil::drive::drive(Dump::new(&index.outline, at), &index.stream).map_err(reading)?;
        let mut out = Stdout::new();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(to_stdout)?;
        self.end(&index)
    }

    fn print_json(&self, outline: &Outline, at: Option<Span>) -> Result<(), Error> {
        let mut parts: Vec<Part<'_>> = outline.leaves().into_iter().map(Part::of).collect();
        parts.extend(outline.trailing().map(|rest| Part {
            offset: rest.start,
            bytes: rest.len,
            path: "trailing".into(),
            kind: "trailing",
            dtype: None,
            shape: None,
            value: None,
        }));
        parts.retain(|part| at.is_none_or(|at| Span::new(part.offset, part.bytes).overlap(&at).is_some()));
        print_json(&Dumped { file: &self.file.display().to_string(), end: outline.end, parts })
    }

    /// Says what was damaged, and where reading stopped.
    fn end(&self, index: &Index<'_>) -> Result<Outcome, Error> {
        let damaged = index.shown();
        for Shown { number, logical, reason, has_bytes } in &damaged {
            let how = if *has_bytes { "they are shown as they are" } else { "no bytes can be had, zeros are shown" };
            talk::warning(&format!("chunk {number}, bytes {logical} of the stream, is damaged; {how}: {reason}"));
        }
        match &index.outline.fault {
            None if !damaged.is_empty() => Ok(Outcome::Damaged),
            None => Ok(Outcome::Good),
            Some(fault) => Err(faissil::Cause::from(fault.clone()).reading(&self.file)),
        }
    }
}
