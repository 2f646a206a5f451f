//! `dump`: the bytes of a stream beside their meaning.
//!
//! Every leaf of the outline is a line or two: where it stands, its bytes, its name, what they say. Long
//! arrays are shown by their head and tail. With a span, only the leaves that it touches are shown, and of
//! an array the elements in it, up to `MOST` bytes. Of inverted lists the first few are shown, or those in the
//! span: which list, its codes, its ids.
//!
//! [`Dump`] is a [`Reading`]: it asks only for the bytes that it prints.

mod json;
mod lists;

pub use json::Dumped;

use super::page::grouped;
use crate::bytes::{Reading, Span, Step};
use crate::describe::metric_name;
use crate::error::Error;
use crate::lists::{Layout, List, Lists, Walk};
use crate::outline::{Array, Dtype, Field, Leaf, Meaning, Outline, Value};
use crate::text::escaped;
use crate::window::{Read, Replay, Window};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use lists::{code_type, find_lists, list_lines};

/// Bytes of an array that are shown of its start and of its end.
const EDGE: u64 = 32;

/// Bytes in a row of an array.
const ROW: u64 = 16;

/// Bytes of one leaf that are shown when a span is asked for.
const MOST: u64 = 16 << 10;

/// Inverted lists that are shown when no span is asked for.
const LISTS: usize = 3;

/// A reading that prints a stream's bytes with their meaning.
pub struct Dump<'a>(Replay<State<'a>, Print<'a>>);

type Print<'a> = fn(&mut State<'a>, &mut Window) -> Read<String>;

/// What is to be printed, and how far it is.
struct State<'a> {
    /// Lines to come, the last first.
    lines: Vec<Line<'a>>,
    /// The lists that are being walked over, and what was found of them.
    walk: Option<(Walk<'a>, Vec<List>)>,
    out: String,
    /// The bytes that were asked for.
    at: Option<Span>,
    /// Columns for byte positions.
    digits: usize,
}

/// A piece of the output.
struct Line<'a> {
    /// Bytes that it shows.
    span: Span,
    /// What they are.
    kind: Show<'a>,
}

enum Show<'a> {
    /// A heading or remark: no bytes.
    Text(String),
    /// A whole small value: name and meaning.
    Value { path: String, meaning: String },
    /// Rows of elements.
    Rows(Dtype),
    /// Inverted lists, whose places are found when it is their turn; the type of their codes.
    Lists(&'a Lists, Dtype),
}

/// The bytes of `at` that the stream has.
fn within(at: Span, outline: &Outline) -> Span {
    Span::between(at.start, at.end().min(outline.file_len))
}

impl<'a> Dump<'a> {
    /// Print the parts of `outline` that touch `at`; everything when there is none.
    pub fn new(outline: &'a Outline, at: Option<Span>) -> Dump<'a> {
        let at = at.map(|at| within(at, outline));
        let mut lines = Vec::new();
        for leaf in outline.leaves() {
            if at.is_none_or(|at| touches(&leaf.span, &at)) {
                plan(&leaf, outline, at, &mut lines);
            }
        }
        if let Some(rest) = outline.trailing().filter(|rest| at.is_none_or(|at| touches(rest, &at))) {
            heading(rest, "trailing", "bytes after the end of the index", &mut lines);
            rows(rest, Dtype::U8, at, &mut lines);
        }
        if let Some(fault) = &outline.fault {
            lines.push(Line {
                span: Span::new(outline.end, 0),
                kind: Show::Text(format!("here reading stopped: {fault}")),
            });
        }
        let digits = outline.file_len.to_string().len();
        lines.reverse();
        let state = State { lines, walk: None, out: String::new(), at, digits };
        Dump(Replay::new(outline.file_len, state, print))
    }
}

impl Reading for Dump<'_> {
    type Output = String;

    fn step(&mut self) -> Result<Step<String>, Error> {
        self.0.step()
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.0.bring(at, bytes);
    }
}

/// Whether they share a byte; an empty leaf is touched by a span that holds its place.
fn touches(leaf: &Span, at: &Span) -> bool {
    leaf.overlap(at).is_some() || leaf.is_empty() && leaf.start >= at.start && leaf.start < at.end()
}

/// The lines for one leaf.
fn plan<'a>(leaf: &Leaf<'a>, outline: &'a Outline, at: Option<Span>, lines: &mut Vec<Line<'a>>) {
    let value = |meaning: String| Line { span: leaf.span, kind: Show::Value { path: leaf.path.clone(), meaning } };
    match leaf.meaning {
        Meaning::Field(field) => lines.push(value(meaning(field))),
        Meaning::Count(array) => lines.push(Line {
            span: leaf.span,
            kind: Show::Value { path: format!("{}.count", leaf.path), meaning: elements(array) },
        }),
        Meaning::Array(array) if array.span.is_empty() => {
            heading(leaf.span, &leaf.path, &format!("{}, empty", shape(array)), lines);
        }
        Meaning::Array(array) => {
            heading(leaf.span, &leaf.path, &format!("{}, {} bytes", shape(array), grouped(array.span.len)), lines);
            rows(array.span, array.dtype, at, lines);
        }
        Meaning::Lists(lists) => {
            let what = format!("data of {} inverted lists, {} entries", lists.nlist, grouped(lists.balance.total));
            heading(leaf.span, &leaf.path, &what, lines);
            if !matches!(lists.layout, Layout::OnDisk { .. }) {
                lines.push(Line { span: lists.span, kind: Show::Lists(lists, code_type(outline, lists)) });
            }
        }
    }
}

fn heading(span: Span, path: &str, what: &str, lines: &mut Vec<Line<'_>>) {
    lines.push(Line { span: Span::new(span.start, 0), kind: Show::Text(format!("{path}: {what}")) });
}

/// The elements of `span`: in a span that was asked for all of them up to `MOST`, else head and tail.
fn rows(span: Span, dtype: Dtype, at: Option<Span>, lines: &mut Vec<Line<'_>>) {
    let asked = at.and_then(|at| at.overlap(&span));
    let (shown, head, tail) = match asked {
        Some(part) => (whole_rows(part, span), MOST, 0),
        None => (span, EDGE, EDGE),
    };
    let mut push = |span: Span| lines.push(Line { span, kind: Show::Rows(dtype) });
    if shown.len <= head.saturating_add(tail) {
        push(shown);
        return;
    }
    push(Span::new(shown.start, head));
    // The tail starts at a row, so that columns stay under each other.
    let tail = tail.saturating_add(shown.len.checked_rem(ROW).unwrap_or(0)).min(if tail == 0 { 0 } else { u64::MAX });
    let rest = Span::between(shown.start.saturating_add(head), shown.end().saturating_sub(tail));
    let text = format!("... {} bytes not shown", grouped(rest.len));
    lines.push(Line { span: Span::new(rest.start, 0), kind: Show::Text(text) });
    if tail > 0 {
        lines.push(Line { span: Span::between(rest.end(), shown.end()), kind: Show::Rows(dtype) });
    }
}

/// `part` widened to whole rows of the array.
fn whole_rows(part: Span, array: Span) -> Span {
    let before = part.start.saturating_sub(array.start).checked_rem(ROW).unwrap_or(0);
    let start = part.start.saturating_sub(before);
    let past = part.end().saturating_sub(array.start).checked_rem(ROW).unwrap_or(0);
    let end = if past == 0 { part.end() } else { part.end().saturating_add(ROW.saturating_sub(past)) };
    Span::between(start, end.min(array.end()))
}

fn elements(array: &Array) -> String {
    let bytes = array.span.len;
    format!("{} elements of {}", grouped(bytes.checked_div(array.dtype.width()).unwrap_or(0)), array.dtype.name())
}

fn shape(array: &Array) -> String {
    let axes: Vec<String> = array.shape.iter().map(u64::to_string).collect();
    format!("{}[{}]", array.dtype.name(), axes.join(" x "))
}

/// The value of a field, and FAISS's word for it where the number stands for one.
fn meaning(field: &Field) -> String {
    let text = text(&field.value);
    let number = field.value.as_u64();
    let word = match &*field.name {
        "metric_type" => number.and_then(|metric| metric_name(i64::try_from(metric).ok()?)),
        "direct_map.type" => match number {
            Some(0) => Some("none"),
            Some(1) => Some("array"),
            Some(2) => Some("hash table"),
            _ => None,
        },
        "dummy_1" | "dummy_2" => Some("constant, no meaning"),
        _ => None,
    };
    word.map_or(text.clone(), |word| format!("{text} ({word})"))
}

fn text(value: &Value) -> String {
    match value {
        Value::Bool(v) => v.to_string(),
        Value::U8(v) => v.to_string(),
        Value::I8(v) => v.to_string(),
        Value::I32(v) => v.to_string(),
        Value::U32(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::U64(v) => v.to_string(),
        Value::F32(v) => v.to_string(),
        Value::F64(v) => v.to_string(),
        Value::Tag(v) => match crate::faiss::find(*v) {
            Some(found) => format!("`{v}` {}", found.class),
            None => format!("`{v}`"),
        },
        Value::Text(v) => format!("\"{}\"", escaped(v)),
        Value::Many(values) => {
            let all: Vec<String> = values.iter().map(text).collect();
            format!("[{}]", all.join(" "))
        }
    }
}

/// Print line after line; what is printed is never asked for again.
fn print(state: &mut State<'_>, window: &mut Window) -> Read<String> {
    while let Some(line) = state.lines.last() {
        if let Show::Lists(lists, dtype) = line.kind {
            let found = find_lists(state, lists, window)?;
            state.lines.pop();
            let mut lines = list_lines(lists, &found, dtype, state.at);
            lines.reverse();
            state.lines.append(&mut lines);
            continue;
        }
        let bytes = window.bytes(line.span)?;
        let digits = state.digits;
        let at = line.span.start;
        match &line.kind {
            Show::Text(text) => push(&mut state.out, format!("{at:>digits$}  {text}")),
            Show::Value { path, meaning } => {
                push(&mut state.out, format!("{at:>digits$}  {:<24} {path} = {meaning}", hex_of(&bytes, 8)));
            }
            Show::Rows(dtype) => {
                for (row, part) in (0_u64..).zip(bytes.chunks(usize::try_from(ROW).unwrap_or(16))) {
                    let at = at.saturating_add(row.saturating_mul(ROW));
                    push(&mut state.out, format!("{at:>digits$}  {:<48} {}", hex_of(part, 16), values(part, *dtype)));
                }
            }
            Show::Lists(..) => {}
        }
        window.forget(line.span);
        state.lines.pop();
    }
    Ok(core::mem::take(&mut state.out))
}

fn push(out: &mut String, line: String) {
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Up to `most` bytes in hex; a longer run ends in dots.
fn hex_of(bytes: &[u8], most: usize) -> String {
    let mut all: Vec<String> = bytes.iter().take(most).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > most {
        all.pop();
        all.push("..".into());
    }
    all.join(" ")
}

/// The elements in a row of bytes; an element that is cut short is left out.
fn values(bytes: &[u8], dtype: Dtype) -> String {
    fn each<const N: usize>(bytes: &[u8], show: impl Fn([u8; N]) -> String) -> String {
        let (whole, _) = bytes.as_chunks::<N>();
        let all: Vec<String> = whole.iter().map(|chunk| show(*chunk)).collect();
        all.join(" ")
    }
    match dtype {
        Dtype::U8 => bytes.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' }).collect(),
        Dtype::I32 => each(bytes, |v| i32::from_le_bytes(v).to_string()),
        Dtype::I64 => each(bytes, |v| i64::from_le_bytes(v).to_string()),
        Dtype::U64 => each(bytes, |v| u64::from_le_bytes(v).to_string()),
        Dtype::F32 => each(bytes, |v| float(f32::from_le_bytes(v).into())),
        Dtype::F64 => each(bytes, |v| float(f64::from_le_bytes(v))),
    }
}

/// A float in few columns: plain where that is short, else with an exponent.
fn float(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() || (1e-4..1e7).contains(&size) {
        format!("{value:.5}")
    } else {
        format!("{value:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faiss;

    /// A flat index of three vectors of two dimensions, and two bytes more.
    fn file() -> Vec<u8> {
        let mut file = b"IxF2".to_vec();
        file.extend(2_i32.to_le_bytes());
        file.extend(3_i64.to_le_bytes());
        file.extend((1_i64 << 20).to_le_bytes());
        file.extend((1_i64 << 20).to_le_bytes());
        file.push(1);
        file.extend(1_i32.to_le_bytes());
        file.extend(6_u64.to_le_bytes());
        for value in [1.0_f32, -2.5, 0.0, f32::NAN, 1e20, 3e-9] {
            file.extend(value.to_le_bytes());
        }
        file.extend(b"!\n");
        file
    }

    fn dump(at: Option<Span>) -> String {
        let file = file();
        Dump::new(&faiss::outline(&file).unwrap(), at).over(&file).unwrap()
    }

    #[test]
    fn a_span_shows_the_leaves_that_it_touches() {
        let expected = "\
37  06 00 00 00 00 00 00 00  codes.count = 6 elements of f32
45  codes: f32[3 x 2], 24 bytes
45  00 00 80 3f 00 00 20 c0 00 00 00 00 00 00 c0 7f  1.00000 -2.50000 0.00000 NaN
";
        assert_eq!(dump(Some(Span::new(44, 3))), expected);
        assert_eq!(dump(Some(Span::new(200, 3))), "");
        let last = dump(Some(Span::new(68, 9)));
        assert!(last.ends_with("69  trailing: bytes after the end of the index\n69  21 0a                                            !.\n"), "{last}");
        assert!(last.contains("61  ec 78 ad 60 8f 28 4e 31                          1.000e20 3.000e-9\n"), "{last}");
    }

    #[test]
    fn every_byte_of_a_short_file_is_shown_once() {
        let hex: usize = dump(None)
            .lines()
            .filter_map(|line| line.get(4..52.min(line.len())))
            .map(|columns| {
                columns.split(' ').take_while(|word| word.len() == 2 && u8::from_str_radix(word, 16).is_ok()).count()
            })
            .sum();
        assert_eq!(hex, file().len());
    }

    #[test]
    fn only_what_is_printed_is_asked_for() {
        let mut file = file();
        file.truncate(37);
        file[8..16].copy_from_slice(&(1_i64 << 40).to_le_bytes());
        file.extend((2_u64 << 40).to_le_bytes());
        let len = 45 + (8 << 40);
        let mut outliner = faiss::Outliner::new(len);
        let outline = loop {
            match outliner.step().unwrap() {
                Step::Done(outline) => break outline,
                Step::Need(span) => outliner.bring(span.start, crate::bytes::slice(&file, span)),
            }
        };
        let mut dump = Dump::new(&outline, None);
        let mut brought = 0;
        while let Step::Need(span) = dump.step().unwrap() {
            let mut bytes = crate::bytes::slice(&file, span).to_vec();
            bytes.resize(usize::try_from(span.len).unwrap(), 0);
            brought += bytes.len();
            dump.bring(span.start, &bytes);
        }
        assert!(brought < 200, "{brought} bytes for a file of 8 TiB");
    }
}
