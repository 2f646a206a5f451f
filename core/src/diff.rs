//! What differs between two indexes, row by row and number by number, without FAISS.
//!
//! [`Diff`] compares the two outlines ([`Report::parameters`]), the bytes of their arrays
//! ([`Report::arrays`]), and then the rows by id: which ids only one of them has, which stand in
//! another place, which have another vector. Vectors are compared as plain float32 where both store
//! them so, whatever the kinds of index; else code by code, where the codes mean the same because
//! everything that decodes them is equal; else the report says why they are not compared.
//!
//! A diff is one [`Reading`] over both: the second index's bytes follow the first's (each with its
//! side file behind it, see [`Files`]). Memory is bounded: rows that stand in the same order are
//! compared as they pass, the others a quarter of a million a side at a time, in as many passes as it takes.
//! A row is remembered by its id, its place and 128 bits of the BLAKE3 of its bytes.

mod parameters;
mod report;
mod rows;
mod same;

pub use report::{Changed, Difference, Examples, IdChanges, Moved, Report, Spot, VectorChanges};

use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::files::Files;
use crate::ids::{self, IdPlace};
use crate::outline::{Outline, join};
use crate::vectors::{self, Stored};
use alloc::{boxed::Box, collections::VecDeque, format, string::String, vec::Vec};
use parameters::{Compared, compare};
use rows::{Matching, RowBytes, RowSource};
use same::Pair;

/// One of the two indexes.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its outline.
    pub outline: &'a Outline,
    /// Its files.
    pub files: Files,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    A,
    B,
}

/// Compares two indexes; see the top of the module.
pub struct Diff<'a> {
    a: Side<'a>,
    b: Side<'a>,
    report: Report,
    pairs: VecDeque<Pair>,
    windows: same::Windows,
    plan: Plan<'a>,
    matching: Option<Matching<'a>>,
    asked: (Which, Asked),
}

#[derive(Clone, Copy)]
enum Asked {
    Pair,
    Rows,
}

/// How rows are compared.
struct Plan<'a> {
    a: Option<RowSource<'a>>,
    b: Option<RowSource<'a>>,
    /// What of the rows is compared: `floats`, `codes`, or nothing.
    compared: Option<&'static str>,
    why: Option<String>,
}

impl<'a> Diff<'a> {
    /// Compare `a` with `b`; list at most `examples` ids of each kind of difference.
    pub fn new(a: Side<'a>, b: Side<'a>, examples: usize) -> Diff<'a> {
        let mut report = Report::new(examples);
        for (name, side) in [("a", a), ("b", b)] {
            if let Some(fault) = &side.outline.fault {
                report.notes.push(format!("{name} is compared as far as it can be read: {fault}"));
            }
        }
        let (plan, decoders) = Plan::new(a, b);
        let skip = [plan.spans(a.outline, plan.a.as_ref()), plan.spans(b.outline, plan.b.as_ref())];
        let whole = compare(&a.outline.root, &b.outline.root, &skip);
        report.parameters = whole.parameters;
        report.arrays = whole.arrays;
        let mut pairs: VecDeque<Pair> = whole.pairs.into();
        pairs.extend(decoders.into_iter().map(Pair::of_decoder));
        Diff {
            a,
            b,
            report,
            pairs,
            windows: same::Windows::new(a.files.stream, b.files.stream),
            plan,
            matching: None,
            asked: (Which::A, Asked::Pair),
        }
    }

    /// Where a span of one side is for the host.
    fn need<T>(&mut self, which: Which, asked: Asked, span: Span) -> Step<T> {
        self.asked = (which, asked);
        match which {
            Which::A => Step::Need(span),
            Which::B => Step::Need(Span::new(span.start.saturating_add(self.a.files.len()), span.len)),
        }
    }
}

impl<'a> Plan<'a> {
    /// How the rows of the two can be compared, and the arrays that must be equal for their codes to
    /// mean the same.
    fn new(a: Side<'a>, b: Side<'a>) -> (Plan<'a>, Vec<Pair>) {
        let both = |compared, a: Stored<'a>, b: Stored<'a>| Plan {
            a: Some(RowSource::Stored(Box::new(a), compared)),
            b: Some(RowSource::Stored(Box::new(b), compared)),
            compared: Some(compared.name()),
            why: None,
        };
        let (plain, codes) = (
            (vectors::find_plain(a.outline), vectors::find_plain(b.outline)),
            (vectors::find_codes(a.outline), vectors::find_codes(b.outline)),
        );
        let why = match (plain, codes) {
            ((Ok(a), Ok(b)), _) if a.d == b.d => return (both(RowBytes::Floats, a, b), Vec::new()),
            ((Ok(a), Ok(b)), _) => format!("vectors of {} and of {} dimensions are not compared", a.d, b.d),
            ((Err(reason), Ok(_)) | (Ok(_), Err(reason)), _) => {
                format!("only one of them stores plain floats, the other {}", reason.reason)
            }
            (_, (Ok(a), Ok(b))) => match decoders(&a, &b) {
                Ok(pairs) => return (both(RowBytes::Codes, a, b), pairs),
                Err(path) => other_codes(&path),
            },
            (_, (Err(reason), _) | (_, Err(reason))) => reason.reason,
        };
        let ids = |side: Side<'a>| RowSource::ids(side.outline, side.files);
        (Plan { a: ids(a), b: ids(b), compared: None, why: Some(why) }, Vec::new())
    }

    /// The bytes that are compared row by row, or as ids.
    fn spans(&self, outline: &Outline, source: Option<&RowSource<'_>>) -> Vec<Span> {
        let mut spans = Vec::new();
        match source {
            Some(RowSource::Stored(stored, _)) => {
                spans.extend(stored.maps.iter().map(|map| map.span));
                match stored.codes {
                    vectors::Codes::Lists(lists, _) => spans.extend(rows::spans_of_lists(lists)),
                    codes => spans.extend(codes.array().map(|array| array.span)),
                }
            }
            Some(RowSource::Ids { .. }) => {
                if let IdPlace::Map { array, .. } = ids::place(outline) {
                    spans.push(array.span);
                }
            }
            None => {}
        }
        spans
    }
}

fn other_codes(path: &str) -> String {
    format!("needs decoding: {path} differs, so that equal codes mean other vectors")
}

/// The arrays that decide what codes mean, in pairs.
///
/// # Errors
/// The path of a number that differs already.
fn decoders(a: &Stored<'_>, b: &Stored<'_>) -> Result<Vec<Pair>, String> {
    if a.record.class != b.record.class {
        return Err("the class".into());
    }
    if a.row_bytes != b.row_bytes {
        return Err("the length of a code".into());
    }
    if a.transforms.len() != b.transforms.len() {
        return Err("the number of transforms".into());
    }
    let mut pairs = Vec::new();
    let transforms = a.transforms.iter().zip(&b.transforms).map(|(a, b)| (&*a.role, *a, *b));
    for (outer, a, b) in transforms.chain([("", a.record, b.record)]) {
        let Compared { parameters, arrays, pairs: more } = compare(a, b, &[Vec::new(), Vec::new()]);
        let mut changes = parameters.into_iter().chain(arrays).filter(|change| parameters::decodes(&change.path));
        if let Some(change) = changes.next() {
            return Err(join(outer, &change.path));
        }
        let more = more.into_iter().filter(|pair| parameters::decodes(&pair.path));
        pairs.extend(more.map(|pair| Pair { path: join(outer, &pair.path), ..pair }));
    }
    Ok(pairs)
}

impl Reading for Diff<'_> {
    type Output = Report;

    fn step(&mut self) -> Result<Step<Report>, Error> {
        while let Some(pair) = self.pairs.front_mut() {
            match pair.step(&mut self.windows)? {
                same::Answer::Need(which, span) => return Ok(self.need(which, Asked::Pair, span)),
                same::Answer::Same => {
                    self.pairs.pop_front();
                }
                same::Answer::Differs => {
                    if let Some(pair) = self.pairs.pop_front() {
                        self.differs(pair);
                    }
                }
            }
        }
        if self.matching.is_none() {
            self.matching = Some(Matching::new(self.plan.a.clone(), self.plan.b.clone(), self.a.files, self.b.files));
        }
        if let Some(matching) = &mut self.matching {
            let compared = self.plan.compared.is_some();
            if let Some((which, span)) = matching.step(&mut self.report, compared)? {
                return Ok(self.need(which, Asked::Rows, span));
            }
        }
        let mut report = core::mem::replace(&mut self.report, Report::new(0));
        report.close(self.plan.compared, self.plan.why.take());
        Ok(Step::Done(report))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        let (which, asked) = self.asked;
        let at = if which == Which::A { at } else { at.saturating_sub(self.a.files.len()) };
        match (asked, &mut self.matching) {
            (Asked::Rows, Some(matching)) => matching.bring(which, at, bytes),
            _ => self.windows.insert(which, at, bytes),
        }
    }
}

impl Diff<'_> {
    /// An array whose bytes differ: a line in the report, or the end of comparing codes.
    fn differs(&mut self, pair: Pair) {
        if !pair.decodes {
            let b = Some(format!("{}, other bytes", pair.what));
            self.report.arrays.push(Difference { path: pair.path, a: Some(pair.what), b });
            return;
        }
        self.pairs.retain(|pair| !pair.decodes);
        self.plan.compared = None;
        self.plan.why = Some(other_codes(&pair.path));
    }
}
