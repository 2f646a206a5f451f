//! Inverted lists: what stands before their data, and the walk that finds its end.

use super::reader::{Reader, inside};
use super::types::Type;
use super::walks::Walk;
use crate::bytes::Span;
use crate::error::{Error, Kind};
use crate::limits;
use crate::lists::{Balance, Layout, Lists, Sizes, Survey};
use crate::outline::{Dtype, Family, Item, Value};
use crate::window::{Read, Stop};
use alloc::{boxed::Box, string::String, vec, vec::Vec};

/// The inverted lists of an index with `nlist` lists and codes of `code_size` bytes. FAISS:
/// `write_InvertedLists`.
pub(super) fn read(r: &mut Reader<'_>, nlist: u64, code_size: u64) -> Read<()> {
    let found =
        r.typed(&[Family::InvertedLists], "inverted lists").map_err(|stop| inside(inside(stop, "tag"), "invlists"))?;
    r.expect_lists(nlist, code_size);
    r.tagged("invlists".into(), found)?;
    Ok(())
}

/// Lists in the formats before 1.4: the ids of all lists were read with the index header, the codes
/// of each stand here behind a count of elements of `counted` bytes.
pub(super) fn read_split(r: &mut Reader<'_>, nlist: u64, code_size: u64, ids: Span, counted: u64) -> Read<()> {
    r.part("invlists", "ArrayInvertedLists", Family::InvertedLists, |r| {
        place(r, nlist, code_size, Sizes::Inline, Layout::Split { ids, counted })
    })
}

/// `il00`: lists that were not stored.
pub(super) fn null(_: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    Ok(())
}

/// `ilar`: lists in memory. FAISS: `write_InvertedLists`, `ArrayInvertedLists`.
pub(super) fn array(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (nlist, code_size) = nlist_and_code_size(r)?;
    let sizes = sizes(r, nlist)?;
    place(r, nlist, code_size, sizes, Layout::Array)
}

/// `ilpn`, `ilp2`: lists in memory, in batches. FAISS: `write_InvertedLists`, `ArrayInvertedListsPanorama`.
///
/// `ilpn` does not store the size of a batch: it is 128 (`Panorama::kLegacyBatchSize`).
pub(super) fn panorama(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let (nlist, code_size) = nlist_and_code_size(r)?;
    let n_levels = positive(r, "n_levels", "n_levels is positive")?;
    let batch_size = if found.tag.0 == *b"ilp2" {
        positive(r, "batch_size", "batch_size is positive")?
    } else {
        r.derive("batch_size", Value::U64(128));
        128
    };
    let sizes = sizes(r, nlist)?;
    place(r, nlist, code_size, sizes, Layout::Panorama { batch_size, n_levels })
}

/// `ilbl`: lists in blocks that hold codes of several rows side by side. FAISS: `BlockInvertedListsIOHook::write`.
///
/// `code_size` is 2^64 - 1 in every file.
pub(super) fn block(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (nlist, code_size) = nlist_and_code_size(r)?;
    let n_per_block = positive(r, "n_per_block", "n_per_block is positive")?;
    let block_size = positive(r, "block_size", "block_size is positive")?;
    place(r, nlist, code_size, Sizes::Inline, Layout::Block { n_per_block, block_size })
}

/// `ilod`: lists in another file. FAISS: `OnDiskInvertedListsIOHook::write`.
///
/// `lists` holds size, capacity and offset of each list, `slots` the free places of that file.
pub(super) fn on_disk(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (nlist, code_size) = nlist_and_code_size(r)?;
    let sizes = r.exact_tuples("lists", nlist, 3, "lists = nlist")?;
    r.tuples("slots", Dtype::U64, 2)?;
    let at = r.at();
    let len = r.count("filename")?;
    if len > limits::MAX_FILENAME {
        return r.fail(Error::limit(at, "the length of a file name", limits::MAX_FILENAME, len), "filename");
    }
    let name = r.array("filename", Dtype::U8, vec![len], true)?;
    let filename = String::from_utf8_lossy(&r.take_all(name)?).into_owned();
    r.derive("filename", Value::Text(filename.clone()));
    let totsize = r.u64("totsize")?;
    place(r, nlist, code_size, Sizes::Slots(sizes), Layout::OnDisk { filename, totsize })
}

/// The two numbers that all lists start with, held against the index around them.
fn nlist_and_code_size(r: &mut Reader<'_>) -> Read<(u64, u64)> {
    let (nlist, code_size) = r.expected_lists();
    let at = r.at();
    let found = r.u64("nlist")?;
    r.agree(at, "nlist", "nlist of the lists = nlist of the index", nlist, found)?;
    if nlist > limits::MAX_LISTS {
        return r.fail(Error::limit(at, "the number of inverted lists", limits::MAX_LISTS, nlist), "nlist");
    }
    let at = r.at();
    let found = r.u64("code_size")?;
    if found != u64::MAX {
        r.agree(at, "code_size", "code_size of the lists = code_size of the index", code_size, found)?;
    }
    Ok((nlist, code_size))
}

fn positive(r: &mut Reader<'_>, name: &'static str, rule: &'static str) -> Read<u64> {
    let at = r.at();
    let value = r.u64(name)?;
    if value == 0 {
        return r.fail(Error::invalid(at, rule, value), name);
    }
    Ok(value)
}

/// `full` or `sprs`, and the sizes. FAISS writes `sprs` where at most half of the lists hold something.
fn sizes(r: &mut Reader<'_>, nlist: u64) -> Read<Sizes> {
    let at = r.at();
    match r.tag("list_type")?.0 {
        tag if tag == *b"full" => r.exact("sizes", Dtype::U64, vec![nlist], "sizes = nlist").map(Sizes::Full),
        tag if tag == *b"sprs" => {
            let at = r.at();
            let count = r.count("sizes")?;
            if count % 2 != 0 {
                return r.fail(Error::invalid(at, "numbers of `sprs` come in pairs", count), "sizes");
            }
            r.array("sizes", Dtype::U64, vec![count >> 1, 2], true).map(Sizes::Sparse)
        }
        tag => {
            let tag = crate::outline::Fourcc(tag);
            r.fail(Error::new(Kind::MisplacedTag { tag, allowed: "`full` or `sprs`" }, at), "list_type")
        }
    }
}

/// Walk the lists whose data starts here, and add them to the record.
fn place(r: &mut Reader<'_>, nlist: u64, code_size: u64, sizes: Sizes, layout: Layout) -> Read<()> {
    let span = Span::new(r.at(), 0);
    let fresh =
        || Lists { layout, nlist, code_size, sizes, span, balance: Balance::default(), checkpoints: Vec::new() };
    let walk = r.memory.walk(span.start, || Walk::Lists(Survey::new(fresh())))?;
    let Walk::Lists(survey) = walk else { return Err(Stop::from(Error::truncated(span, 0))) };
    let lists = survey.run(r.window)?.clone();
    let len = lists.span.len;
    r.place(Item::Lists(Box::new(lists)), len);
    Ok(())
}

/// The ids of all lists that stand in the header of the formats before 1.4.
pub(super) fn split_ids(r: &mut Reader<'_>, nlist: u64) -> Read<Span> {
    let start = r.at();
    let walk = r.memory.walk(start, || Walk::counted(start, nlist, 8))?;
    let end = walk.run(r.window).map_err(|stop| inside(stop, "ids"))?;
    let words = end.saturating_sub(start) >> 3;
    r.array("ids", Dtype::U64, vec![words], false)
}
