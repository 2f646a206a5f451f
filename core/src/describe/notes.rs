//! Remarks on an index that a person would want to hear.
//!
//! A [`Note`] is a warning where something may be lost or refused, else a plain remark. What only a host
//! knows (a side file that is missing) it adds itself, with [`Note::new`].

use super::floor::Floor;
use crate::lists::{Layout, Lists};
use crate::order::sort_by;
use crate::outline::{Item, Outline, Record, join};
use crate::text::escaped;
use crate::text::hundredths;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Lists are called uneven from this imbalance factor on: a search visits as many entries as if there were
/// half as many lists.
const UNEVEN: f64 = 2.0;

/// Fewer entries than this say nothing about how even lists are.
const ENTRIES_TO_JUDGE: u64 = 1000;

/// A remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A short name that does not change, for programs: `trailing`, `untrained`.
    pub code: &'static str,
    /// Whether something may be lost, refused or wrong.
    pub warning: bool,
    /// One sentence, lower case, without a full stop.
    pub text: String,
}

impl Note {
    /// A remark of this kind.
    pub fn new(code: &'static str, warning: bool, text: impl Into<String>) -> Note {
        Note { code, warning, text: text.into() }
    }
}

/// What is remarkable about a stream, warnings first.
pub fn notes(outline: &Outline, floor: &Floor) -> Vec<Note> {
    let mut out = Vec::new();
    if let Some(fault) = &outline.fault {
        let text = format!("the stream could be followed to byte {} only: {fault}", outline.end);
        out.push(Note::new("fault", true, text));
    }
    if let Some(rest) = outline.trailing() {
        let text =
            format!("{} after the end of the index, at byte {}; FAISS ignores them", bytes(rest.len), rest.start);
        out.push(Note::new("trailing", true, text));
    }
    if floor.only {
        let text = format!("this layout was written by FAISS {} alone, and no other release reads it", floor.version);
        out.push(Note::new("one-release", true, text));
    }
    let root = &outline.root;
    if root.u64("is_trained") == Some(0) {
        out.push(Note::new("untrained", false, "not trained: it takes no vectors yet"));
    }
    if outline.fault.is_none() && super::vectors(root) == 0 {
        out.push(Note::new("empty", false, "empty: it holds no vectors"));
    }
    if root.u64("metric_type") == Some(25) {
        let text = "metric 25 is GOWER since FAISS 1.12.0; in 1.9.0 to 1.11.0 the same number was ABS_INNER_PRODUCT, and the \
                    file does not say which release wrote it";
        out.push(Note::new("metric-25", false, text));
    }
    remarks(root, "", &mut out);
    sort_by(&mut out, |a, b| b.warning.cmp(&a.warning));
    out
}

fn bytes(count: u64) -> String {
    if count == 1 { "1 byte".to_string() } else { format!("{count} bytes") }
}

/// Remarks on a record and what is inside; `path` is where it stands.
fn remarks(record: &Record, path: &str, out: &mut Vec<Note>) {
    let here = if path.is_empty() { String::new() } else { format!("{path}: ") };
    let tag = record.tag.map(|tag| tag.0);
    if matches!(tag.as_ref(), Some(b"IBMp" | b"IBM2")) && record.u64("code_size") == Some(0) {
        let text = "its header says code size 0, as FAISS wrote it up to 1.7.3; FAISS 1.15 refuses it";
        out.push(Note::new("code-size-0", true, format!("{here}{text}")));
    }
    if record.class == "IndexLattice" && record.u64("ntotal").is_some_and(|ntotal| ntotal > 0) {
        out.push(Note::new(
            "no-codes",
            true,
            format!("{here}FAISS stores no codes of an IndexLattice: its vectors are not in the file"),
        ));
    }
    if tag == Some(*b"il00") {
        out.push(Note::new("no-lists", true, format!("{here}the inverted lists were not stored, only their number")));
    }
    if tag == Some(*b"null") {
        let what = if record.role == "storage" {
            "the vectors of the graph were not stored"
        } else {
            "this index was not stored"
        };
        out.push(Note::new("null", true, format!("{here}{what}")));
    }
    for item in &record.items {
        match item {
            Item::Lists(lists) => lists_remarks(lists, &here, out),
            Item::Record(child) => remarks(child, &join(path, &child.role), out),
            Item::Field(_) | Item::Array(_) => {}
        }
    }
}

fn lists_remarks(lists: &Lists, here: &str, out: &mut Vec<Note>) {
    if let Layout::OnDisk { filename, .. } = &lists.layout {
        out.push(if filename.is_empty() {
            let text = "the inverted lists are in another file whose name is empty; FAISS writes this for an index that was \
                        loaded with IO_FLAG_MMAP, and cannot read it back";
            Note::new("side-file-unnamed", true, format!("{here}{text}"))
        } else {
            Note::new("side-file", false, format!("{here}the inverted lists are in another file, stored as `{}`", escaped(filename)))
        });
    }
    let Some(factor) = lists.balance.imbalance_factor(lists.nlist) else { return };
    if factor >= UNEVEN && lists.balance.total >= ENTRIES_TO_JUDGE {
        let text = format!(
            "the inverted lists are uneven: imbalance factor {}, the largest of {} holds {} of {} entries",
            hundredths(factor),
            lists.nlist,
            lists.balance.largest,
            lists.balance.total
        );
        out.push(Note::new("uneven", false, format!("{here}{text}")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::floor::floor;
    use super::super::sample::{index, lists, outline, with};
    use super::*;
    use crate::bytes::Span;
    use crate::error::Error;

    fn codes(outline: &Outline) -> Vec<&'static str> {
        notes(outline, &floor(outline)).iter().map(|note| note.code).collect()
    }

    fn ivf(item: Item) -> Record {
        let mut ivf = index(b"IwFl", "IndexIVFFlat", &[("ntotal", 2000), ("nlist", 4)]);
        ivf.items.push(item);
        ivf
    }

    #[test]
    fn an_even_index_needs_no_remark_and_an_uneven_one_does() {
        assert_eq!(codes(&outline(ivf(lists(&[500, 500, 500, 500], Layout::Array)))), [""; 0]);
        assert_eq!(codes(&outline(ivf(lists(&[2000, 0, 0, 0], Layout::Array)))), ["uneven"]);
        assert_eq!(codes(&outline(ivf(lists(&[9, 0, 0, 0], Layout::Array)))), [""; 0], "too few to judge");
    }

    #[test]
    fn warnings_come_before_remarks() {
        let mut found = outline(index(b"IxF2", "IndexFlatL2", &[("ntotal", 0)]));
        found.file_len += 7;
        assert_eq!(codes(&found), ["trailing", "empty"]);
        found.fault = Some(Error::truncated(Span::new(9, 4), 1));
        assert_eq!(codes(&found), ["fault"], "what is not known to be empty is not called so");
    }

    #[test]
    fn lists_in_another_file_are_named() {
        let away = |name: &str| lists(&[1], Layout::OnDisk { filename: name.into(), totsize: 1 });
        assert_eq!(codes(&outline(ivf(away("a.ivfdata")))), ["side-file"]);
        assert_eq!(codes(&outline(ivf(away("")))), ["side-file-unnamed"]);
    }

    #[test]
    fn null_pointers_say_what_is_gone() {
        let mut null = index(b"null", "null", &[]);
        null.items.clear();
        let graph = with(index(b"IHNf", "IndexHNSWFlat", &[("ntotal", 3)]), "storage", null);
        let outline = outline(graph);
        let found = notes(&outline, &floor(&outline));
        assert_eq!(found[0].text, "storage: the vectors of the graph were not stored");
    }
}
