//! Where a stream is cut into the chunks of a packed snapshot.
//!
//! [`Cuts`] goes along an outline and hands out [`Cut`]s in file order that cover the file exactly once.
//! They follow the stream's own seams: small neighbours share a chunk, a long array is cut between rows,
//! inverted lists between lists, so that whoever wants one vector or one list decodes little else. What
//! the outline does not explain is cut evenly. The cuts depend on the stream alone.
//!
//! Nothing of the bulk is read: only sizes of inverted lists are asked for, as they are reached.

mod groups;

use crate::bytes::{Reading, Span, Step};
use crate::codec::{Holds, Width};
use crate::error::Error;
use crate::limits::MAX_CHUNK;
use crate::outline::{Array, Dtype, Leaf, Meaning, Outline};
use alloc::{
    collections::VecDeque,
    format,
    string::String,
    vec::{IntoIter, Vec},
};
use groups::Groups;

/// One chunk to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Its bytes in the stream; never empty, at most [`MAX_CHUNK`].
    pub span: Span,
    /// What its bytes are, by which a codec is chosen.
    pub holds: Holds,
    /// What it holds: `quantizer.codes`, with its count where that fits; or `tag to d` for everything from the one to the other.
    pub path: String,
}

/// How long chunks become, in bytes. Snapshots use [`Grain::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Parts below this share a chunk with their neighbours.
    pub small: u64,
    /// Length to which long parts are cut; less where rows do not divide it.
    pub piece: u64,
}

impl Default for Grain {
    /// A vector that is fetched by itself brings its chunk along: 1 MiB is a fraction of a second on
    /// a slow line, and its entry in the chunk table a ten thousandth of its length.
    fn default() -> Grain {
        Grain { small: 1 << 14, piece: 1 << 20 }
    }
}

/// The cuts of a stream, one after the other. A [`Reading`] that is done once a cut.
pub struct Cuts<'o> {
    grain: Grain,
    file_len: u64,
    leaves: IntoIter<Leaf<'o>>,
    /// What the bytes behind the last leaf are called, until they have been cut.
    rest: Option<&'static str>,
    /// Everything before this byte is in `ready`, in `open`, or has been handed out.
    at: u64,
    /// Small parts that still take in their neighbours.
    open: Option<Open>,
    /// The inverted lists that are being walked.
    groups: Option<Groups<'o>>,
    ready: VecDeque<Even>,
}

/// Small neighbours.
struct Open {
    span: Span,
    first: String,
    last: Option<String>,
}

/// A span that is cut into pieces of one length.
struct Even {
    rest: Span,
    piece: u64,
    /// Bytes in front of the first piece that go with it.
    lead: u64,
    holds: Holds,
    path: String,
}

impl<'o> Cuts<'o> {
    /// The cuts of the stream that `outline` describes.
    pub fn new(outline: &'o Outline) -> Cuts<'o> {
        Cuts::with_grain(outline, Grain::default())
    }

    /// The cuts of another length than snapshots use.
    pub fn with_grain(outline: &'o Outline, grain: Grain) -> Cuts<'o> {
        let piece = grain.piece.clamp(1, MAX_CHUNK >> 1);
        Cuts {
            grain: Grain { small: grain.small.min(piece), piece },
            leaves: outline.leaves().into_iter(),
            rest: Some(if outline.fault.is_some() { "unknown" } else { "trailing" }),
            ..Cuts::opaque(outline.file_len)
        }
    }

    /// The cuts of `len` bytes of which nothing is known.
    pub fn opaque(len: u64) -> Cuts<'o> {
        Cuts {
            grain: Grain::default(),
            file_len: len,
            leaves: Vec::new().into_iter(),
            rest: Some("opaque"),
            at: 0,
            open: None,
            groups: None,
            ready: VecDeque::new(),
        }
    }

    /// Put the next leaf to what is open or ready.
    fn take(&mut self, leaf: Leaf<'o>) {
        // An outline tiles its stream. One that does not is still cut without a gap or an overlap.
        let span = Span::between(leaf.span.start.max(self.at), leaf.span.end().min(self.file_len));
        if span.is_empty() {
            return;
        }
        self.fill_to(span.start, "unknown");
        self.at = span.end();
        if span.len < self.grain.small {
            return self.join(span, leaf.path);
        }
        match leaf.meaning {
            Meaning::Lists(lists) if span == lists.span => {
                self.close();
                self.groups = Some(Groups::new(lists, self.file_len, self.grain, leaf.path));
            }
            Meaning::Array(array) => self.push(span, row_bytes(array), holds(array), leaf.path),
            _ => self.push(span, 1, Holds::Anything, leaf.path),
        }
    }

    /// Cut what lies between the last leaf and `end`.
    fn fill_to(&mut self, end: u64, path: &str) {
        let gap = Span::between(self.at, end);
        if !gap.is_empty() {
            self.at = end;
            self.push(gap, 1, Holds::Anything, path.into());
        }
    }

    fn push(&mut self, span: Span, row: u64, holds: Holds, path: String) {
        self.close();
        self.ready.push_back(Even::new(span, self.grain, row, holds, path));
    }

    /// Add a small part to its neighbours.
    fn join(&mut self, span: Span, path: String) {
        if let Some(open) = &mut self.open
            && open.span.len.saturating_add(span.len) <= self.grain.piece
        {
            open.span.len = open.span.len.saturating_add(span.len);
            open.last = Some(path);
            return;
        }
        self.close();
        self.open = Some(Open { span, first: path, last: None });
    }

    /// No more neighbours: what is open is ready.
    fn close(&mut self) {
        let Some(Open { span, first, last }) = self.open.take() else { return };
        let path = match last {
            Some(last) if last != first => format!("{first} to {last}"),
            _ => first,
        };
        self.ready.push_back(Even::new(span, self.grain, 1, Holds::Anything, path));
    }
}

impl Reading for Cuts<'_> {
    /// `None` after the last.
    type Output = Option<Cut>;

    fn step(&mut self) -> Result<Step<Option<Cut>>, Error> {
        loop {
            if let Some(even) = self.ready.front_mut() {
                if let Some(cut) = even.next() {
                    return Ok(Step::Done(Some(cut)));
                }
                self.ready.pop_front();
            } else if let Some(groups) = &mut self.groups {
                match groups.step(&mut self.ready)? {
                    Step::Need(span) => return Ok(Step::Need(span)),
                    Step::Done(true) => {}
                    Step::Done(false) => self.groups = None,
                }
            } else if let Some(leaf) = self.leaves.next() {
                self.take(leaf);
            } else if let Some(path) = self.rest.take() {
                self.fill_to(self.file_len, path);
                self.close();
            } else {
                return Ok(Step::Done(None));
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        if let Some(groups) = &mut self.groups {
            groups.bring(at, bytes);
        }
    }
}

impl Even {
    /// `span` in pieces of whole rows.
    fn new(span: Span, grain: Grain, row: u64, holds: Holds, path: String) -> Even {
        let rows = grain.piece.checked_div(row).unwrap_or(0);
        let piece = match rows {
            0 if (1..=MAX_CHUNK >> 1).contains(&row) => row,
            0 => grain.piece,
            _ => rows.saturating_mul(row),
        };
        Even { rest: span, piece, lead: 0, holds, path }
    }

    fn next(&mut self) -> Option<Cut> {
        let len = self.piece.saturating_add(core::mem::take(&mut self.lead)).min(self.rest.len);
        let span = Span::new(self.rest.start, len);
        self.rest = Span::between(span.end(), self.rest.end());
        (!span.is_empty()).then(|| Cut { span, holds: self.holds.clone(), path: self.path.clone() })
    }
}

/// Bytes of everything below the outermost axis.
fn row_bytes(array: &Array) -> u64 {
    let inner = array.shape.get(1..).unwrap_or(&[]);
    inner.iter().fold(array.dtype.width(), |bytes, &axis| bytes.saturating_mul(axis))
}

/// What the elements of an array are.
fn holds(array: &Array) -> Holds {
    match array.dtype {
        Dtype::U8 if array.shape.len() > 1 => Holds::Rows(row_bytes(array)),
        Dtype::U8 => Holds::Anything,
        Dtype::I32 => Holds::Integers(Width::W4),
        Dtype::I64 | Dtype::U64 => Holds::Integers(Width::W8),
        Dtype::F32 => Holds::Floats(Width::W4),
        Dtype::F64 => Holds::Floats(Width::W8),
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests {
    use super::*;
    use crate::lists::{Balance, Checkpoint, Layout, Lists, Sizes};
    use crate::outline::{Family, Field, Item, Record, Value};
    use alloc::{borrow::Cow, boxed::Box, vec};
    use proptest::prelude::*;

    /// Parts of a stream, as far as cutting is concerned, laid one after the other.
    struct Parts {
        items: Vec<Item>,
        bytes: Vec<u8>,
    }

    impl Parts {
        fn new() -> Parts {
            Parts { items: Vec::new(), bytes: Vec::new() }
        }

        fn grow(&mut self, len: u64) -> Span {
            let span = Span::new(self.bytes.len() as u64, len);
            self.bytes.resize(usize::try_from(span.end()).unwrap(), 0);
            span
        }

        fn field(mut self, name: &'static str, len: u64) -> Parts {
            let span = self.grow(len);
            self.items.push(Item::Field(Field { name: name.into(), value: Value::Bool(true), span }));
            self
        }

        fn array(mut self, name: &'static str, dtype: Dtype, shape: &[u64]) -> Parts {
            let count = Some(self.grow(8));
            let span = self.grow(shape.iter().product::<u64>().saturating_mul(dtype.width()));
            self.items.push(Item::Array(Array { name: name.into(), dtype, shape: shape.to_vec(), count, span }));
            self
        }

        fn lists(mut self, code_size: u64, sizes: &[u64]) -> Parts {
            let table = self.grow(0).start;
            self.bytes.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
            let nlist = sizes.len() as u64;
            let table = Span::new(table, nlist.saturating_mul(8));
            self.items.push(Item::Field(Field { name: "sizes".into(), value: Value::Bool(true), span: table }));
            let entries: u64 = sizes.iter().sum();
            let span = self.grow(entries.saturating_mul(code_size.saturating_add(8)));
            let start = Checkpoint { entry: 0, row: 0, at: span.start, ids_at: 0 };
            self.items.push(Item::Lists(Box::new(Lists {
                layout: Layout::Array,
                nlist,
                code_size,
                sizes: Sizes::Full(table),
                span,
                balance: Balance::default(),
                checkpoints: vec![start],
            })));
            self
        }

        fn cuts(self, trailing: u64, grain: Grain) -> Vec<Cut> {
            let end = self.bytes.len() as u64;
            let mut file = self.bytes;
            file.resize(usize::try_from(end.saturating_add(trailing)).unwrap(), 0);
            let outline = Outline {
                file_len: file.len() as u64,
                root: Record {
                    role: Cow::Borrowed("index"),
                    class: "IndexTest",
                    family: Family::Index,
                    tag: None,
                    span: Span::new(0, end),
                    items: self.items,
                    derived: Vec::new(),
                },
                end,
                fault: None,
            };
            let mut cuts = Cuts::with_grain(&outline, grain);
            let mut out = Vec::new();
            loop {
                match cuts.step().unwrap() {
                    Step::Need(span) => cuts.bring(span.start, crate::bytes::slice(&file, span)),
                    Step::Done(Some(cut)) => out.push(cut),
                    Step::Done(None) => break,
                }
            }
            covers(&out, file.len() as u64, grain);
            out
        }
    }

    /// Every byte in one cut, none too long.
    fn covers(cuts: &[Cut], len: u64, grain: Grain) {
        let mut at = 0;
        for cut in cuts {
            assert_eq!(cut.span.start, at, "{cut:?}");
            assert!(!cut.span.is_empty() && cut.span.len <= MAX_CHUNK, "{cut:?}");
            assert!(cut.span.len <= grain.piece + 4096, "{cut:?}");
            at = cut.span.end();
        }
        assert_eq!(at, len);
    }

    fn shown(cuts: &[Cut]) -> Vec<(u64, Option<Width>, &str)> {
        cuts.iter().map(|cut| (cut.span.len, cut.holds.width(), cut.path.as_str())).collect()
    }

    const TINY: Grain = Grain { small: 50, piece: 100 };

    #[test]
    fn small_neighbours_share_a_chunk_and_arrays_are_cut_between_rows() {
        let parts = Parts::new().field("tag", 4).field("d", 4).array("codes", Dtype::F32, &[9, 7]).field("end", 3);
        let (w4, codes) = (Some(Width::W4), "codes");
        let expected =
            [(16, None, "tag to codes"), (84, w4, codes), (84, w4, codes), (84, w4, codes), (3, None, "end")];
        assert_eq!(shown(&parts.cuts(0, TINY)), expected);
    }

    #[test]
    fn a_short_array_with_its_count_is_called_by_its_name() {
        let cuts = Parts::new().array("ids", Dtype::I64, &[3]).cuts(0, TINY);
        assert_eq!(shown(&cuts), [(32, None, "ids")]);
    }

    #[test]
    fn what_trails_is_cut_evenly() {
        let cuts = Parts::new().field("tag", 4).cuts(250, TINY);
        let (none, trailing) = (None, "trailing");
        assert_eq!(
            shown(&cuts),
            [(4, none, "tag"), (100, none, trailing), (100, none, trailing), (50, none, trailing)]
        );
    }

    #[test]
    fn lists_go_together_as_they_fit_and_long_ones_apart() {
        let parts = Parts::new().field("tag", 4).lists(2, &[3, 0, 4, 2, 30, 0, 1]);
        let cuts = parts.cuts(0, TINY);
        let expected = [
            (4, None, "tag"),
            (56, None, "sizes"),
            (90, None, " of lists 0..4"),
            (60, None, ".codes of list 4"),
            (96, Some(Width::W8), ".ids of list 4"),
            (96, Some(Width::W8), ".ids of list 4"),
            (48, Some(Width::W8), ".ids of list 4"),
            (10, None, " of lists 5..7"),
        ];
        assert_eq!(shown(&cuts), expected);
    }

    #[test]
    fn a_chunk_has_no_more_lists_than_its_codec_takes() {
        let mut sizes = vec![1; 40_000];
        sizes.insert(32_768, 0);
        let cuts = Parts::new().field("tag", 4).lists(1, &sizes).cuts(0, Grain::default());
        let lists = [(32_768 * 9, None, " of lists 0..32768"), (7232 * 9, None, " of lists 32768..40001")];
        assert_eq!(shown(&cuts)[2..], lists);
    }

    #[test]
    fn bytes_of_which_nothing_is_known_are_cut_evenly() {
        let mut cuts = Cuts::opaque((1 << 20) + 1);
        let mut next = || {
            let Step::Done(cut) = cuts.step().unwrap() else { unreachable!("nothing is read") };
            cut.map(|cut| cut.span)
        };
        assert_eq!(next(), Some(Span::new(0, 1 << 20)));
        assert_eq!(next(), Some(Span::new(1 << 20, 1)));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_row_longer_than_a_piece_stays_whole() {
        let cuts = Parts::new().array("codes", Dtype::U8, &[3, 130]).cuts(0, TINY);
        assert_eq!(shown(&cuts)[1..], [(130, None, "codes"); 3]);
    }

    #[test]
    fn an_outline_that_overlaps_is_cut_all_the_same() {
        let mut parts = Parts::new().field("a", 60).field("b", 60);
        if let Some(Item::Field(field)) = parts.items.last_mut() {
            field.span = Span::new(20, u64::MAX);
        }
        assert_eq!(parts.cuts(0, TINY).len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_stream_is_covered_once_and_between_rows(
            shapes in proptest::collection::vec((0u64..90, 1u64..40, any::<bool>()), 0..12),
            sizes in proptest::collection::vec(prop_oneof![3 => 0u64..5, 1 => 0u64..60], 0..60),
            code_size in 0u64..24,
            trailing in 0u64..300,
            small in 0u64..80,
            piece in 1u64..300,
        ) {
            let mut parts = Parts::new().field("tag", 4);
            let mut rows = Vec::new();
            for &(count, inner, float) in &shapes {
                let dtype = if float { Dtype::F32 } else { Dtype::U8 };
                parts = parts.array("array", dtype, &[count, inner]).field("after", 1);
                if let [.., Item::Array(array), _] = &parts.items[..] {
                    rows.push((array.span, inner * dtype.width()));
                }
            }
            parts = parts.lists(code_size, &sizes);
            // Where lists start and end, codes and ids apart.
            let mut seams = Vec::new();
            let Some(Item::Lists(lists)) = parts.items.last() else { unreachable!() };
            let mut at = lists.span.start;
            let lists_span = lists.span;
            for size in &sizes {
                seams.push((at, size * code_size, code_size));
                seams.push((at + size * code_size, size * 8, 8));
                at += size * (code_size + 8);
            }
            for cut in parts.cuts(trailing, Grain { small, piece }) {
                for &(span, row) in &rows {
                    if span.contains(&cut.span) && cut.span.start > span.start && row <= piece {
                        prop_assert_eq!((cut.span.start - span.start) % row, 0);
                    }
                }
                if lists_span.overlap(&cut.span).is_some() && cut.span.start > lists_span.start {
                    let between = |&(start, len, row): &(u64, u64, u64)| {
                        let inside = cut.span.start.checked_sub(start).filter(|inside| *inside <= len);
                        inside.is_some_and(|inside| row == 0 || inside % row == 0 || row > piece)
                    };
                    prop_assert!(seams.iter().any(between), "{:?}", cut);
                }
            }
        }
    }
}
