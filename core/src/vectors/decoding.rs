//! From stored rows to vectors: codebooks are brought once, then rows decode batch by batch.

use super::run::run_of;
use super::stored::{Beside, Coarse, Codes, Key, Stored};
use crate::bytes::{Reading, Span, Step, slice};
use crate::decode::{Coding, Scratch, Table, Tables, table};
use crate::error::Error;
use crate::files::Files;
use crate::ids::ids_in;
use crate::limits::WALK_BYTES;
use crate::lists::List;
use crate::window::{Read, Stop, Window};
use alloc::{format, vec::Vec};

/// Decodes the rows of one stream.
pub(super) struct Decoding<'a> {
    coding: Coding<Span>,
    coarse: Option<Coarse<'a>>,
    beside: Option<Beside>,
    in_lists: bool,
    files: Files,
    /// What is read first.
    spans: Vec<Span>,
    tables: Option<Tables>,
    ready: Option<Ready>,
    /// The list whose centroid is at hand.
    centroid: Option<(u64, Vec<f32>)>,
    /// Rows of the coarse quantizer, and ids of entries.
    centroids: Window,
    ids: Window,
    asked: Asked,
    scratch: Scratch,
}

#[derive(Clone, Copy)]
enum Asked {
    Tables,
    Centroid,
    Ids,
}

/// What was brought.
struct Ready {
    coding: Coding<Table>,
    coarse: Option<Coding<Table>>,
    beside: Option<Coding<Table>>,
    beside_bytes: Vec<u8>,
}

/// Rows that follow each other, of one list where there are lists.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// The first.
    pub(super) row: u64,
    /// How many.
    pub(super) count: u64,
    /// Their list.
    pub(super) list: Option<List>,
    /// Where their ids stand in it.
    pub(super) ids: Span,
    /// Whether there are more rows to come after them.
    pub(super) has_next: bool,
}

impl<'a> Decoding<'a> {
    /// How the rows of `stored` are decoded; `None` where there is nothing to do.
    pub(super) fn of(stored: &Stored<'a>, files: Files) -> Option<Decoding<'a>> {
        if stored.coding.is_trivial() {
            return None;
        }
        Some(Decoding {
            coding: stored.coding.clone(),
            coarse: stored.coarse.clone(),
            beside: stored.beside.clone(),
            in_lists: matches!(stored.codes, Codes::Lists(..)),
            files,
            spans: stored.tables(),
            tables: None,
            ready: None,
            centroid: None,
            centroids: Window::new(files.len()),
            ids: Window::new(files.len()),
            asked: Asked::Tables,
            scratch: Scratch::default(),
        })
    }

    /// The bytes that a row takes at most on its way.
    pub(super) fn widest(&self) -> u64 {
        self.coding.widest().saturating_mul(4)
    }

    /// Bring the codebooks, and what else these rows need.
    pub(super) fn prepare(&mut self, rows: &Rows) -> Read<()> {
        if self.ready.is_none() {
            self.asked = Asked::Tables;
            self.load()?;
        }
        if let Some(list) = &rows.list
            && self.coarse.is_some()
            && self.centroid.as_ref().is_none_or(|(number, _)| *number != list.number)
        {
            self.asked = Asked::Centroid;
            let centroid = self.centroid_of(list.number, rows.has_next)?;
            self.centroid = Some((list.number, centroid));
        }
        if self.beside.is_some() && self.in_lists {
            self.asked = Asked::Ids;
            if self.ids.bytes(rows.ids).is_err() {
                self.ids.forget(Span::between(0, rows.ids.start));
                self.ids.bytes(rows.ids)?;
            }
        }
        Ok(())
    }

    /// The codebooks of everything.
    fn load(&mut self) -> Read<()> {
        let tables = match &mut self.tables {
            Some(tables) => tables,
            None => self.tables.insert(Tables::new(self.spans.clone(), self.files.stream)?),
        };
        let read = match tables.step()? {
            Step::Need(span) => return Err(Stop::Need(span)),
            Step::Done(read) => read,
        };
        self.tables = None;
        let mut read = read.into_iter();
        let mut next = |_: &Span| Ok(table(&read.next().unwrap_or_default()));
        // What contradicts itself there is at their start, as far as is known.
        let start = self.spans.first().map_or(0, |span| span.start);
        let placed = |error: Error| error.moved_to(start);
        let coding = self.coding.map(&mut next)?.ready().map_err(placed)?;
        let coarse =
            self.coarse.as_ref().map(|coarse| coarse.coding.map(&mut next)?.ready().map_err(placed)).transpose()?;
        let beside = self.beside.as_ref().and_then(|beside| beside.coding.as_ref());
        let beside = beside.map(|coding| coding.map(&mut next)?.ready().map_err(placed)).transpose()?;
        self.ready = Some(Ready { coding, coarse, beside, beside_bytes: read.next().unwrap_or_default() });
        Ok(())
    }

    /// The centroid of a list; those of the lists after it come along where they will be wanted.
    fn centroid_of(&mut self, number: u64, has_next: bool) -> Read<Vec<f32>> {
        let coding = self.ready.as_ref().and_then(|ready| ready.coarse.as_ref());
        let (Some(coding), Some(coarse)) = (coding, &self.coarse) else { return Ok(Vec::new()) };
        let code = match coarse.key {
            Key::Code(width) => slice(&number.to_le_bytes(), Span::new(0, width)).to_vec(),
            Key::Row { codes, width, rows } => {
                let run = run_of(&codes, width, number, 1);
                let (all, one) = (codes.array().map(|array| array.span).unwrap_or_default(), run.all());
                if number >= rows || !all.contains(&one) {
                    let rule = "a list has a centroid in the coarse quantizer";
                    return Err(Error::invalid(all.start, rule, number).into());
                }
                match run.join(&mut self.centroids) {
                    Ok(bytes) => bytes,
                    Err(Stop::Need(missing)) => {
                        self.centroids.forget(Span::between(0, one.start));
                        let end = if has_next { all.end().min(missing.start.saturating_add(WALK_BYTES)) } else { 0 };
                        return Err(Stop::Need(Span::between(missing.start, end.max(missing.end()))));
                    }
                    Err(stop) => return Err(stop),
                }
            }
        };
        let named = |error: Error| error.inside(&format!("list[{number}]")).inside("quantizer");
        Ok(coding.decode_one(&code).map_err(named)?)
    }

    /// Hand over the bytes that start at `at`.
    pub(super) fn bring(&mut self, at: u64, bytes: &[u8]) {
        let most = slice(bytes, Span::new(0, WALK_BYTES.max(self.widest())));
        match self.asked {
            Asked::Tables => {
                if let Some(tables) = &mut self.tables {
                    tables.bring(at, bytes);
                }
            }
            Asked::Centroid => self.centroids.insert(at, most),
            Asked::Ids => self.ids.insert(at, most),
        }
    }

    /// The vectors of rows for which everything has been [`prepare`](Decoding::prepare)d, in `out`, whatever that was.
    pub(super) fn decode(&mut self, mut codes: Vec<u8>, rows: &Rows, out: Vec<u8>) -> Result<Vec<u8>, Error> {
        let Some(ready) = &self.ready else { return Ok(Vec::new()) };
        let count = usize::try_from(rows.count).unwrap_or(usize::MAX).max(1);
        let mut width = codes.len().checked_div(count).unwrap_or(0);
        let mut more = None;
        if let Some(beside) = &self.beside {
            let bytes = gather(beside, &ready.beside_bytes, rows, self.in_lists.then_some(&self.ids))?;
            let beside_width = usize::try_from(beside.width).unwrap_or(usize::MAX).max(1);
            match &ready.beside {
                Some(coding) => {
                    more = Some(table(&coding.decode(&bytes, beside_width, None, None, &mut self.scratch)?));
                }
                None => {
                    let both = codes.chunks_exact(width.max(1)).zip(bytes.chunks_exact(beside_width));
                    codes = both.flat_map(|(code, more)| code.iter().chain(more)).copied().collect();
                    width = width.saturating_add(beside_width);
                }
            }
        }
        let base = self.centroid.as_ref().map(|(_, centroid)| centroid.as_slice());
        if width == 0 {
            // No byte is stored of a row; it still is one.
            codes.resize(count, 0);
            width = 1;
        }
        self.scratch.out = out;
        ready.coding.decode(&codes, width, base, more.as_deref(), &mut self.scratch)
    }
}

/// What stands beside the codes of these rows.
fn gather(beside: &Beside, all: &[u8], rows: &Rows, ids: Option<&Window>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut push = |label: u64| {
        let start = label.saturating_mul(beside.width);
        let one = slice(all, Span::new(start, beside.width));
        out.extend_from_slice(one);
        let fault = || Error::invalid(beside.span.start, "a row has its bytes in the array beside the codes", label);
        (one.len() as u64 == beside.width).then_some(()).ok_or_else(fault)
    };
    match ids {
        Some(window) => {
            let bytes = window.bytes(rows.ids).unwrap_or_default();
            // A negative id is no row, and is refused as one that is too large.
            ids_in(&bytes).try_for_each(|id| push(u64::try_from(id.0).unwrap_or(u64::MAX)))?;
        }
        None => (rows.row..rows.row.saturating_add(rows.count)).try_for_each(push)?,
    }
    Ok(out)
}
