//! Tests: every way in which a snapshot with good digests contradicts itself, and the sentence about it.

// Tests count, cast and stop as they please.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::expect_used, clippy::panic)]

use super::check::CheckAll;
use super::chunk::{CodedChunk, hash_sealed};
use super::digest::Digest;
use super::manifest::{Content, Place, REFERENCE, Section, put_manifest, take_manifest};
use super::open::{Open, Snapshot};
use super::page::{Appended, Child, CodedEntry, IdEntry, PageHead, Table};
use super::section::{Attachments, Chunks, Entry, Ids, Stream, Tree, tag};
use super::trailer::{TRAILER_LEN, Trailer, trailer_bytes};
use super::wire::{Body, Cursor, Fixed};
use super::write::pages::TreeWriter;
use super::write::{Parts, Writer};
use crate::bytes::{Reading, Span};
use crate::outline::Fourcc;
use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};

const STREAM: usize = 40_000;

fn finish(mut writer: Writer, mut file: Vec<u8>) -> Vec<u8> {
    writer.begin_attachment("a", "").unwrap();
    writer.push_chunk(&CodedChunk::raw(b"attached").unwrap()).unwrap();
    writer.end_attachment(Digest::of(b"attached")).unwrap();
    writer.begin_ids(10).unwrap();
    (0..10).for_each(|row| writer.push_id(100, row).unwrap());
    writer.end_ids().unwrap();
    let ids = Ids { count: 10, kind: 3, min: 100, max: 100, start: 0, stride: 0, duplicates: Some(9), lookup: None };
    let long = Entry { key: "long".into(), value: "x".repeat(5000) };
    let parts = Parts { metadata: vec![long], ids: Some(ids), ..Parts::default() };
    file.extend(writer.take());
    let finished = writer.finish(parts).unwrap();
    file.extend(finished.bytes);
    file.extend(finished.trailer);
    file
}

pub(super) fn sealed() -> Vec<u8> {
    let stream = vec![7; STREAM];
    let mut writer = Writer::sealed(STREAM as u64, Some(14)).unwrap();
    for (number, chunk) in (0u64..).zip(stream.chunks(1 << 14)) {
        writer.push_sealed(hash_sealed(number << 14, chunk)).unwrap();
    }
    writer.end_sealed().unwrap();
    finish(writer, stream)
}

fn packed() -> Vec<u8> {
    let stream = vec![7; STREAM];
    let mut writer = Writer::packed(STREAM as u64).unwrap();
    for chunk in stream.chunks(10_000) {
        writer.push_chunk(&CodedChunk::pack(Default::default(), &Default::default(), chunk).unwrap()).unwrap();
    }
    writer.end_packed(Digest::of(&stream)).unwrap();
    finish(writer, Vec::new())
}

/// What opening and checking the whole file says.
fn examine(file: &[u8]) -> Result<(), String> {
    let snapshot = Open::new(file.len() as u64).over(file).map_err(|error| error.to_string())?;
    let damage = CheckAll::new(&snapshot).over(file).map_err(|error| error.to_string())?;
    damage.first().map_or(Ok(()), |damage| Err(damage.error.to_string()))
}

fn complaint(file: &[u8]) -> String {
    examine(file).expect_err("a fault is found")
}

/// The blocks of a file and everything before them, and its sections.
fn apart(file: &[u8]) -> (Vec<u8>, Vec<Section>) {
    let at = file.len() - TRAILER_LEN as usize;
    let trailer = Trailer::parse(&file[at..], file.len() as u64).unwrap();
    let start = trailer.manifest_start as usize;
    (file[..start].to_vec(), take_manifest(&file[start..at], start as u64).unwrap())
}

/// A file of these blocks and sections, under a good manifest digest.
fn together(mut blocks: Vec<u8>, sections: &[Section]) -> Vec<u8> {
    let manifest = put_manifest(sections);
    let span = Span::new(blocks.len() as u64, manifest.len() as u64);
    blocks.extend(&manifest);
    blocks.extend(trailer_bytes(span, Digest::of(&manifest)));
    blocks
}

/// Change one body that stands in the manifest.
fn edit<T: Body>(sections: &mut [Section], tag: Fourcc, change: impl Fn(&mut T)) {
    let section = sections.iter_mut().find(|section| section.tag == tag).unwrap();
    let Content::Inline { bytes, .. } = &mut section.body else { panic!("a body in the manifest") };
    let mut body = T::parse(bytes, 0).unwrap();
    change(&mut body);
    *bytes = body.body();
}

fn edited<T: Body>(file: &[u8], tag: Fourcc, change: impl Fn(&mut T)) -> String {
    let (blocks, mut sections) = apart(file);
    edit(&mut sections, tag, change);
    complaint(&together(blocks, &sections))
}

/// A file whose packed stream has this table, made by `make` behind the head.
fn with_table(stream_len: u64, make: impl Fn(&mut Appended) -> Tree) -> Vec<u8> {
    let mut out = Appended::at(0);
    out.push(&super::trailer::Head::VALUE.to_bytes());
    let table = make(&mut out);
    let (_, mut sections) = apart(&packed());
    sections.retain(|section| [tag::STRM, tag::CHNK].contains(&section.tag));
    edit(&mut sections, tag::CHNK, |chunks: &mut Chunks| chunks.table = table.clone());
    edit(&mut sections, tag::STRM, |stream: &mut Stream| {
        (stream.length, stream.digest) = (stream_len, Digest::of(&vec![1; stream_len as usize]));
    });
    together(out.bytes, &sections)
}

/// A table of raw chunks of ones, each changed before it is written.
fn chunks(lens: &[u64], change: impl Fn(usize, &mut CodedEntry)) -> Vec<u8> {
    with_table(lens.iter().sum(), |out| {
        let mut pages = TreeWriter::new(Table::Coded);
        let mut at = 0;
        for (number, len) in lens.iter().enumerate() {
            let place = out.place(&vec![1; *len as usize]);
            let mut entry = CodedEntry {
                decoded_start: at,
                decoded_len: *len,
                stored_start: place.start,
                stored_len: place.len,
                codec: 0,
                parameters_len: 0,
                parameters: [0; 16],
                stored_digest: place.digest,
                decoded_digest: place.digest,
            };
            change(number, &mut entry);
            pages.push(at, &entry.to_bytes(), out);
            at += len;
        }
        pages.finish(out).unwrap().unwrap()
    })
}

#[test]
fn the_files_of_these_tests_are_good() {
    assert_eq!(examine(&sealed()), Ok(()));
    assert_eq!(examine(&packed()), Ok(()));
    assert_eq!(examine(&chunks(&[10, 20], |_, _| {})), Ok(()));
}

#[test]
fn a_gap_and_an_overlap_are_named() {
    for file in [sealed(), packed()] {
        let (mut blocks, mut sections) = apart(&file);
        let at = blocks.len() as u64;
        blocks.extend([0; 5]);
        let expected =
            alloc::format!("reading blocks: every byte belongs to something: found {at}..{} to nothing", at + 5);
        assert!(complaint(&together(blocks.clone(), &sections)).ends_with(&expected));
        // A section of another version that claims the last ten bytes, five of them a root page's.
        let place = Place { start: at - 5, len: 10, digest: Digest::of(&blocks[at as usize - 5..]) };
        let body = Content::Reference(place);
        sections.push(Section { tag: Fourcc(*b"XTRA"), flags: REFERENCE, body });
        let complaint = complaint(&together(blocks, &sections));
        assert!(complaint.contains("nothing overlaps: expected "), "{complaint}");
        // The smaller root stands last: of the chunk table or of the id lookup.
        let inside = ["begins inside chunk table", "begins inside id lookup"];
        assert!(
            complaint.contains("section XTRA at ") && inside.iter().any(|it| complaint.contains(it)),
            "{complaint}"
        );
    }
}

#[test]
fn a_section_that_is_not_known_is_skipped_but_hashed() {
    let (mut blocks, mut sections) = apart(&sealed());
    let start = blocks.len() as u64;
    blocks.extend(vec![9; 300_000]);
    let place = Place { start, len: 300_000, digest: Digest::of(&[9; 300_000]) };
    sections.push(Section { tag: Fourcc(*b"XTRA"), flags: REFERENCE, body: Content::Reference(place) });
    assert_eq!(examine(&together(blocks.clone(), &sections)), Ok(()));
    *blocks.last_mut().unwrap() = 8;
    let complaint = complaint(&together(blocks, &sections));
    assert!(complaint.contains("while reading section XTRA: section body: digest is "), "{complaint}");
}

#[test]
fn lengths_that_do_not_multiply_out_are_named() {
    let grow = |chunks: &mut Chunks| chunks.table.count += 1;
    assert!(edited(&sealed(), tag::CHNK, grow).ends_with(
        "reading manifest.CHNK: table.count = length of the stream / 2^chunk_log2, rounded up: expected 3, found 4"
    ));
    assert!(
        edited(&packed(), tag::CHNK, grow)
            .ends_with("reading chunk table: entries in all leaf pages = count of the tree: expected 5, found 4")
    );
    let longer = |stream: &mut Stream| stream.length += 1;
    assert!(
        edited(&packed(), tag::STRM, longer).ends_with(
            "reading chunk table: decoded lengths of all chunks = length of what they belong to: expected 40001, found 40000"
        )
    );
    assert!(edited(&sealed(), tag::STRM, longer).contains("reading mark: magic is "));
    let complaint = edited(&sealed(), tag::STRM, |stream: &mut Stream| stream.length = 1 << 40);
    assert!(complaint.contains("reading manifest.STRM: stream or head end before the manifest"), "{complaint}");
    let empty = |stream: &mut Stream| stream.length = 0;
    assert!(edited(&packed(), tag::STRM, empty).ends_with("STRM: length of the stream is not 0: found 0"));
    let layout = |stream: &mut Stream| stream.layout = 3;
    assert!(edited(&packed(), tag::STRM, layout).ends_with("STRM: layout is 1 (sealed) or 2 (packed): found 3"));
    let log2 = |chunks: &mut Chunks| chunks.chunk_log2 = 13;
    assert!(edited(&sealed(), tag::CHNK, log2).ends_with("CHNK: chunk_log2 is 14 to 24: found 13"));
    assert!(edited(&packed(), tag::CHNK, log2).ends_with("CHNK: chunk_log2 is 0 in a packed snapshot: found 13"));
}

#[test]
fn digests_that_do_not_fit_each_other_are_named() {
    let other = |stream: &mut Stream| stream.digest = Digest::of(b"other");
    let sealed = edited(&sealed(), tag::STRM, other);
    assert!(sealed.contains("stream, from the values of its chunks: digest is "), "{sealed}");
    assert!(edited(&packed(), tag::STRM, other).starts_with("damaged at byte 0: stream: digest is "));
    let attached = edited(&packed(), tag::ATCH, |attachments: &mut Attachments| {
        attachments.attachments[0].digest = Digest::of(b"other");
    });
    assert!(attached.starts_with("damaged at byte 0: attachment: digest is "), "{attached}");
}

#[test]
fn a_missing_section_and_a_reference_to_the_stream_are_named() {
    let (blocks, mut sections) = apart(&sealed());
    sections.retain(|section| section.tag != tag::STRM);
    assert!(
        complaint(&together(blocks.clone(), &sections))
            .ends_with("manifest.STRM: a snapshot has this section: found none")
    );
    let (_, mut sections) = apart(&sealed());
    let section = sections.iter_mut().find(|section| section.tag == tag::CHNK).unwrap();
    section.flags |= REFERENCE;
    section.body = Content::Reference(Place { start: 0, len: 4, digest: Digest([0; 32]) });
    let complaint = complaint(&together(blocks, &sections));
    assert!(
        complaint.ends_with("manifest.CHNK: body stands in the manifest: found a reference to 0..4"),
        "{complaint}"
    );
}

#[test]
fn bytes_after_the_trailer_and_cut_files_are_named() {
    for file in [sealed(), packed()] {
        let mut longer = file.clone();
        longer.extend([0; 3]);
        let at = file.len();
        let expected = alloc::format!("invalid at byte {at}: the file ends with its trailer: found 3 bytes more");
        assert_eq!(complaint(&longer), expected);
        assert!(complaint(&file[..at - 1]).contains("no snapshot trailer in the last 64 bytes"));
        assert!(complaint(&[]).contains("no snapshot trailer"));
    }
}

#[test]
fn chunks_out_of_place_are_named() {
    let at = |number, field: u64| {
        move |n: usize, entry: &mut CodedEntry| {
            if n == number {
                match field {
                    0 => entry.decoded_start += 1,
                    1 => entry.decoded_len = 0,
                    2 => entry.decoded_len = 1000,
                    3 => entry.stored_len = 0,
                    4 => entry.stored_start -= 1,
                    5 => entry.parameters_len = 17,
                    6 => entry.parameters[3] = 1,
                    7 => entry.codec = 9,
                    _ => entry.decoded_digest = Digest([0; 32]),
                }
            }
        }
    };
    let expected = [
        "chunks follow each other: expected 10, found 11",
        "decoded length is not 0 and stays within what it belongs to: found 0",
        "decoded length is not 0 and stays within what it belongs to: found 1000",
        "stored length is 1 to the decoded length: found 0",
        "a table's chunks and pages follow each other without gap or overlap: expected 26, found 25",
        "bytes of parameters is limited to 16: found 17",
        "zeros follow the parameters: found another byte",
        "codec 9: not known to this build, which reads codecs 0 to 5",
        "decoded bytes of the chunk: digest is ",
    ];
    for (field, expected) in (0..).zip(expected) {
        let complaint = complaint(&chunks(&[10, 20], at(1, field)));
        assert!(complaint.contains(expected), "{field}: {complaint}");
    }
    let grown = complaint(&chunks(&[10, 20], |number, entry| entry.decoded_len -= u64::from(number == 1)));
    assert!(grown.contains("stored length is 1 to the decoded length: found 20"), "{grown}");
}

#[test]
fn a_chunk_above_the_limit_is_refused_before_it_is_read() {
    let len = (4 << 20) + 1;
    let complaint = complaint(&chunks(&[len], |_, _| {}));
    assert!(complaint.contains("decoded bytes of a chunk is limited to 4194304: found 4194305"), "{complaint}");
}

/// A page of these children.
fn inner(height: u8, children: &[Child]) -> Vec<u8> {
    let mut page = PageHead { kind: 2, height, zeros: 0, count: children.len() as u32 }.to_bytes();
    children.iter().for_each(|child| page.extend(child.to_bytes()));
    page
}

fn child(key: u64, place: &Place) -> Child {
    Child { key, start: place.start, len: place.len, digest: place.digest }
}

fn leaf(start: u64, place: &Place) -> Vec<u8> {
    let entry = CodedEntry {
        decoded_start: start,
        decoded_len: place.len,
        stored_start: place.start,
        stored_len: place.len,
        codec: 0,
        parameters_len: 0,
        parameters: [0; 16],
        stored_digest: place.digest,
        decoded_digest: place.digest,
    };
    let mut page = PageHead { kind: 2, height: 0, zeros: 0, count: 1 }.to_bytes();
    page.extend(entry.to_bytes());
    page
}

/// A stream of two chunks under a root page that `change` changes.
fn two_storeys(change: impl Fn(&mut Vec<Child>, &mut Tree)) -> Vec<u8> {
    with_table(30, |out| {
        let first = out.place(&[1; 10]);
        let below = out.place(&leaf(0, &first));
        let second = out.place(&[1; 20]);
        let beside = out.place(&leaf(10, &second));
        let mut children = vec![child(0, &below), child(10, &beside)];
        let mut tree = Tree { count: 2, height: 1, start: 0, len: 0, digest: Digest([0; 32]) };
        change(&mut children, &mut tree);
        let root = out.place(&inner(1, &children));
        (tree.start, tree.len, tree.digest) = (root.start, root.len, root.digest);
        tree
    })
}

#[test]
fn trees_that_contradict_themselves_are_named() {
    assert_eq!(examine(&two_storeys(|_, _| {})), Ok(()));
    let expect = |expected: &str, change: &dyn Fn(&mut Vec<Child>, &mut Tree)| {
        let complaint = complaint(&two_storeys(change));
        assert!(complaint.contains(expected), "{complaint}");
    };
    expect("storeys of pages is limited to 5: found 6", &|_, tree| tree.height = 6);
    expect("height is one less than above: expected 2, found 1", &|_, tree| tree.height = 2);
    expect("a tree has entries: found 0", &|_, tree| tree.count = 0);
    expect("keys ascend: found 0", &|children, _| children[1].key = 0);
    expect("key above = first key of the page: expected 9, found 10", &|children, _| children[1].key = 9);
    expect("without gap or overlap: expected 154, found 16", &|children, _| {
        children[1] = children[0];
        children[1].key = 10;
    });
    expect("bytes of a page is limited to 32768: found 32769", &|children, _| children[1].len = 32_769);
    expect("span ends before the manifest", &|children, _| children[1].start = u64::MAX - 5);
    expect("page: digest is ", &|children, _| children[1].digest = Digest([0; 32]));
}

#[test]
fn lookup_pages_are_held_to_the_summary_and_read_once() {
    let wrong = |change: &dyn Fn(&mut Ids)| edited(&packed(), tag::IDMP, |ids: &mut Ids| change(ids));
    assert!(wrong(&|ids| ids.kind = 5).ends_with("IDMP: kind is 0 to 4: found 5"));
    assert!(wrong(&|ids| ids.min = 101).ends_with("IDMP: min is not above max: expected 100, found 101"));
    assert!(wrong(&|ids| ids.count = 11).ends_with("IDMP: lookup.count = count: expected 11, found 10"));
    assert!(
        wrong(&|ids| ids.duplicates = Some(3)).contains("min, max and duplicates of IDMP are those of the id lookup")
    );

    // Pages that name the same page again and again would make a lookup last for ever.
    let mut out = Appended::at(0);
    let mut page = PageHead { kind: 4, height: 0, zeros: 0, count: 1 }.to_bytes();
    page.extend(IdEntry { id: 5, row: 0 }.to_bytes());
    let mut below = out.place(&page);
    for height in 1..=5 {
        let mut page = inner(height, &vec![child(5, &below); 500]);
        page[0] = 4;
        below = out.place(&page);
    }
    let (_, sections) = apart(&packed());
    let mut file = out.bytes;
    file.resize(file.len() + 300_000, 0);
    let file = together(file, &sections);
    let snapshot: Snapshot = Open::new(file.len() as u64).over(&file).unwrap();
    let lookup = Tree { count: 1, height: 5, start: below.start, len: below.len, digest: below.digest };
    let error = snapshot.find_id(&lookup, 5).over(&file).unwrap_err();
    assert!(error.to_string().contains("pages ascend in the file"), "{error}");
}

#[test]
fn a_cursor_keeps_its_place() {
    let mut cursor = Cursor::new(&[1, 0], 90);
    assert_eq!(u16::take_fixed(&mut cursor), Ok(1));
    assert_eq!((cursor.at(), cursor.is_empty()), (92, true));
}
