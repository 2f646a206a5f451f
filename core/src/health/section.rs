//! A part of an index that is looked at, from the plan to what was found.

use super::about::Measure;
use super::codes::{CodeCounter, Fields};
use super::detail::Detail;
use super::graph::{GraphReading, Kind};
use super::ids::IdReading;
use super::lists::ListSizes;
use super::norms::VectorCounter;
use super::rows::Counted;
use super::sample::{Coverage, Rows};
use super::scalar::ScalarCounter;
use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::files::Files;
use crate::ids::IdPlace;
use crate::lists::Lists;
use crate::look_up::fidelity;
use crate::vectors::Stored;
use alloc::{boxed::Box, string::String, vec::Vec};
use serde::Serialize;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The sizes of inverted lists.
    Lists,
    /// A graph, HNSW or NSG.
    Graph,
    /// Vectors, stored as floats or decoded.
    Vectors,
    /// Ids.
    Ids,
    /// Codes.
    Codes,
}

/// A part that can be looked at, and what that costs.
#[derive(Debug, Clone)]
pub struct Planned<'a> {
    /// What it is.
    pub part: Part,
    /// Where the record that holds it stands: `quantizer.storage`; empty at the top.
    pub path: String,
    /// The class of that record.
    pub class: &'static str,
    /// What will be looked at.
    pub coverage: Coverage,
    /// Bytes that will be asked for, as far as is known before. A host that checks chunks reads these whole.
    pub bytes: u64,
    /// Bytes that will be asked for at most.
    pub bytes_most: u64,
    /// Why it cannot be looked at; it costs nothing then.
    pub omitted: Option<String>,
    pub(super) work: Work<'a>,
}

/// What has to be read.
#[derive(Debug, Clone)]
pub(super) enum Work<'a> {
    Nothing,
    Lists(&'a Lists, Option<u64>),
    Graph(Kind),
    Vectors(Stored<'a>, Rows, Option<String>),
    Ids(IdPlace<'a>),
    Codes(Stored<'a>, Rows, Fields),
    Scalar(Stored<'a>, Rows, &'a str, u32),
}

/// What was found in a part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// What the part is.
    pub part: Part,
    /// Where the record that holds it stands; empty at the top.
    pub path: String,
    /// The class of that record.
    pub class: &'static str,
    /// What of it was looked at.
    pub coverage: Coverage,
    /// Why nothing was found, if so: codes that nothing is known to count of, damage, or a reason to leave it.
    pub omitted: Option<String>,
    /// What was measured.
    pub measures: Vec<Measure>,
    /// The figures behind that; null where nothing was found.
    pub detail: Option<Detail>,
}

/// What looking at a part came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub(super) measures: Vec<Measure>,
    pub(super) detail: Detail,
}

/// Looks at a part: a reading that comes to what was found.
pub struct Examine<'a>(Examining<'a>);

enum Examining<'a> {
    Lists(Box<ListSizes<'a>>),
    Graph(Box<GraphReading>),
    Vectors(Box<Counted<'a, VectorCounter>>),
    Ids(Box<IdReading<'a>>),
    Codes(Box<Counted<'a, CodeCounter>>),
    Scalar(Box<Counted<'a, ScalarCounter>>),
}

impl<'a> Planned<'a> {
    /// The reading that looks at it; `None` where it is omitted. `files` are those of the plan.
    pub fn examine(&self, files: Files) -> Option<Examine<'a>> {
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Some(Examine(match &self.work {
            Work::Nothing => return None,
            Work::Lists(lists, nprobe) => Examining::Lists(Box::new(ListSizes::new(lists, files.stream, *nprobe))),
            Work::Graph(kind) => Examining::Graph(Box::new(GraphReading::new(*kind, files.stream))),
            Work::Vectors(stored, rows, metric) => {
                let counter = VectorCounter::new(stored.d, metric.clone(), fidelity(stored));
                Examining::Vectors(Box::new(Counted::new(stored, files, rows, counter)))
            }
            Work::Ids(place) => Examining::Ids(Box::new(IdReading::new(place, files))),
            Work::Codes(stored, rows, fields) => {
                Examining::Codes(Box::new(Counted::new(stored, files, rows, CodeCounter::new(fields.clone()))))
            }
            Work::Scalar(stored, rows, qtype, bits) => {
                let counter = ScalarCounter::new(qtype, *bits, size(stored.d), size(stored.row_bytes));
                Examining::Scalar(Box::new(Counted::new(stored, files, rows, counter)))
            }
        }))
    }

    /// The section with what was found.
    pub fn section(&self, found: Found) -> Section {
        Section { measures: found.measures, detail: Some(found.detail), ..self.without(None) }
    }

    /// The section of a part in which nothing was found, and why: as planned, or because of what `instead` says.
    pub fn without(&self, instead: Option<String>) -> Section {
        let coverage = match (&instead, &self.omitted) {
            (None, None) => self.coverage,
            _ => Coverage::none(self.coverage.unit, self.coverage.of),
        };
        let omitted = instead.or_else(|| self.omitted.clone());
        let Planned { part, class, .. } = *self;
        Section { part, path: self.path.clone(), class, coverage, omitted, measures: Vec::new(), detail: None }
    }
}

impl Reading for Examine<'_> {
    type Output = Found;

    fn step(&mut self) -> Result<Step<Found>, Error> {
        match &mut self.0 {
            Examining::Lists(reading) => reading.step(),
            Examining::Graph(reading) => reading.step(),
            Examining::Vectors(reading) => reading.step(),
            Examining::Ids(reading) => reading.step(),
            Examining::Codes(reading) => reading.step(),
            Examining::Scalar(reading) => reading.step(),
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.0 {
            Examining::Lists(reading) => reading.bring(at, bytes),
            Examining::Graph(reading) => reading.bring(at, bytes),
            Examining::Vectors(reading) => reading.bring(at, bytes),
            Examining::Ids(reading) => reading.bring(at, bytes),
            Examining::Codes(reading) => reading.bring(at, bytes),
            Examining::Scalar(reading) => reading.bring(at, bytes),
        }
    }
}
