//! What a comparison found, for programs and as text.

use alloc::{format, string::String, vec::Vec};
use core::fmt::{self, Display, Write};
use serde::Serialize;

/// What differs between two indexes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Nothing differs, as far as it was compared; what was not compared is in `notes` and `vectors`.
    pub same: bool,
    /// What could not be compared, in sentences.
    pub notes: Vec<String>,
    /// Stored and derived numbers, classes, and parts that only one has, by path.
    pub parameters: Vec<Difference>,
    /// Arrays with another shape or other bytes, by path; rows and ids are not among them.
    pub arrays: Vec<Difference>,
    /// Ids, or row numbers where none are stored; `None` where they cannot be read.
    pub ids: Option<IdChanges>,
    /// The vectors of the ids that both have.
    pub vectors: VectorChanges,
    #[serde(skip)]
    pub(super) examples: usize,
}

/// Two values at one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Names from the outermost record inwards: `quantizer.codes`.
    pub path: String,
    /// In the first index; `None` where it has none.
    pub a: Option<String>,
    /// In the second.
    pub b: Option<String>,
}

/// How many, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examples<T> {
    /// How many there are.
    pub count: u64,
    /// The first that were found.
    pub first: Vec<T>,
}

/// What differs between the ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdChanges {
    /// Rows of the first index.
    pub a: u64,
    /// Rows of the second.
    pub b: u64,
    /// Ids that only the second has, or has more often.
    pub added: Examples<i64>,
    /// Ids that only the first has, or has more often.
    pub removed: Examples<i64>,
    /// Ids in another row, or for lists in another place of a list. `None` where one index has lists
    /// and the other has not.
    pub moved: Option<Examples<Moved>>,
}

/// An id that stands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The id.
    pub id: i64,
    /// Its place in the first index.
    pub from: Spot,
    /// Its place in the second.
    pub to: Spot,
}

/// A place in an index: a row, and for lists which and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The row.
    pub row: u64,
    /// Number of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<u64>,
    /// Entries before it in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// What differs between vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VectorChanges {
    /// What was compared: `floats`, or `codes` that both decode the same way; `None` for nothing.
    pub compared: Option<&'static str>,
    /// Why nothing was compared.
    pub why: Option<String>,
    /// Ids that both have and whose rows were compared.
    pub rows: u64,
    /// Those with another vector.
    pub changed: Changed,
}

/// Ids whose vector changed.
pub type Changed = Examples<i64>;

impl<T> Examples<T> {
    pub(super) const fn new() -> Examples<T> {
        Examples { count: 0, first: Vec::new() }
    }

    pub(super) fn push(&mut self, most: usize, example: T) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < most {
            self.first.push(example);
        }
    }
}

impl Report {
    pub(super) fn new(examples: usize) -> Report {
        Report {
            same: true,
            notes: Vec::new(),
            parameters: Vec::new(),
            arrays: Vec::new(),
            ids: None,
            vectors: VectorChanges { compared: None, why: None, rows: 0, changed: Examples::new() },
            examples,
        }
    }

    /// The report on two streams with the same bytes, which need no comparing.
    pub fn identical() -> Report {
        let mut report = Report::new(0);
        report.notes.push("the streams are the same, byte for byte".into());
        report
    }

    pub(super) fn close(&mut self, compared: Option<&'static str>, why: Option<String>) {
        if compared.is_none() {
            (self.vectors.rows, self.vectors.changed) = (0, Examples::new());
        }
        (self.vectors.compared, self.vectors.why) = (compared, why);
        let ids = self.ids.as_ref().is_none_or(|ids| {
            ids.added.count == 0 && ids.removed.count == 0 && ids.moved.as_ref().is_none_or(|moved| moved.count == 0)
        });
        self.same = self.parameters.is_empty() && self.arrays.is_empty() && ids && self.vectors.changed.count == 0;
    }
}

impl Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.list, self.offset) {
            (Some(list), Some(offset)) => write!(f, "list {list} offset {offset}"),
            _ => write!(f, "row {}", self.row),
        }
    }
}

impl Display for Report {
    /// A page for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.same { "no difference\n" } else { "the indexes differ\n" })?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for (title, differences) in [("parameters", &self.parameters), ("arrays", &self.arrays)] {
            if differences.is_empty() {
                continue;
            }
            writeln!(f, "{title}")?;
            for Difference { path, a, b } in differences {
                let [a, b] = [a, b].map(|value| value.as_deref().unwrap_or("none"));
                writeln!(f, "  {path}: {a} -> {b}")?;
            }
        }
        if let Some(ids) = &self.ids {
            let moved = ids.moved.as_ref().map(|moved| format!(", {} moved", moved.count)).unwrap_or_default();
            let (added, removed) = (&ids.added, &ids.removed);
            writeln!(f, "ids: {} added, {} removed{moved} ({} -> {} rows)", added.count, removed.count, ids.a, ids.b)?;
            list(f, "added", added, |id, out| write!(out, "{id}"))?;
            list(f, "removed", removed, |id, out| write!(out, "{id}"))?;
            if let Some(moved) = &ids.moved {
                list(f, "moved", moved, |Moved { id, from, to }, out| write!(out, "{id} ({from} -> {to})"))?;
            }
        }
        match (self.vectors.compared, &self.vectors.why) {
            (Some(what), _) => {
                let changed = &self.vectors.changed;
                writeln!(f, "vectors: {} of {} changed, compared as {what}", changed.count, self.vectors.rows)?;
                list(f, "changed", changed, |id, out| write!(out, "{id}"))
            }
            (None, Some(why)) => writeln!(f, "vectors: not compared: {why}"),
            (None, None) => Ok(()),
        }
    }
}

/// The first of some, on one line.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    examples: &Examples<T>,
    show: impl Fn(&T, &mut String) -> fmt::Result,
) -> fmt::Result {
    if examples.first.is_empty() {
        return Ok(());
    }
    let mut line = String::new();
    for (number, example) in examples.first.iter().enumerate() {
        line.push_str(if number == 0 { "" } else { ", " });
        show(example, &mut line)?;
    }
    if examples.count > examples.first.len() as u64 {
        line.write_str(", ...")?;
    }
    writeln!(f, "  {title}: {line}")
}
