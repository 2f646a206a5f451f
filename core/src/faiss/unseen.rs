//! What no fixture has: codes from before 1.2.1, codes that no release wrote, builds with another library;
//! and codes in places where they do not belong.

use super::builder::{Bytes, bytes};
use crate::bytes::{Reading, Span, slice};
use crate::lists::{Layout, List};
use crate::outline::{Outline, Value};
use alloc::vec::Vec;

/// The header of an IVF before 1.2.1: two lists with ids 7, 8 and 9, and no direct map.
fn split(tag: &[u8; 4]) -> Bytes {
    let header = bytes().tag(tag).header(2, 3).u64(2).u64(1).flat(2, &[0.0; 4]);
    header.vec_u64(&[7, 8]).vec_u64(&[9]).u8(0).u64(0)
}

/// The lists of an outline, and the ids in each.
fn lists(file: &[u8], outline: &Outline) -> Vec<(List, Vec<u64>)> {
    let lists = outline.root.lists().unwrap();
    (0..lists.nlist)
        .map(|number| {
            let list = lists.locate(file.len() as u64, number).over(file).unwrap();
            let ids = slice(file, list.ids).chunks_exact(8).map(|id| u64::from_le_bytes(id.try_into().unwrap()));
            (list, ids.collect())
        })
        .collect()
}

/// That the lists are those of [`split`], with codes of `code_size` bytes.
fn check_split(file: Bytes, code_size: u64) {
    let outline = file.clone().outline();
    let file = file.done();
    let found = lists(&file, &outline);
    assert_eq!(found.iter().map(|(_, ids)| ids.clone()).collect::<Vec<_>>(), [Vec::from([7, 8]), Vec::from([9])]);
    assert_eq!(found.iter().map(|(list, _)| list.codes.len).collect::<Vec<_>>(), [code_size << 1, code_size]);
    let lists = outline.root.lists().unwrap();
    assert!(matches!(lists.layout, Layout::Split { .. }));
    assert_eq!((lists.code_size, lists.balance.total), (code_size, 3));
    let mut at = 0;
    for leaf in outline.leaves() {
        assert_eq!(leaf.span.start, at, "{}", leaf.path);
        at = leaf.span.end();
    }
    assert_eq!(at, file.len() as u64);
}

#[test]
fn raw_vectors_in_lists_counted_in_floats_and_in_bytes() {
    check_split(split(b"IvFl").vec_f32(&[1.0; 4]).vec_f32(&[1.0; 2]), 8);
    check_split(split(b"IvFL").vec_u8(&[1; 16]).vec_u8(&[1; 8]), 8);
    let short = split(b"IvFL").vec_u8(&[1; 12]).vec_u8(&[1; 8]).fault();
    assert!(short.contains("invlists") && short.contains("expected 16, found 12"), "{short}");
}

#[test]
fn quantized_vectors_in_lists_before_1_2_1() {
    check_split(split(b"IvSQ").scalar().u64(2).vec_u8(&[1; 4]).vec_u8(&[1; 2]), 2);
    let pq = |tag| split(tag).u8(1).u64(1).product().vec_u8(&[1; 2]).vec_u8(&[1]);
    check_split(pq(b"IvPQ"), 1);
    check_split(pq(b"IvQR").product().vec_u8(&[0; 3]).f32(4.0), 1);
}

#[test]
fn scalar_codes_in_lists_before_1_5_1_are_by_residual() {
    let lists = |file: Bytes| file.tag(b"ilar").u64(2).u64(2).tag(b"sprs").vec_u64(&[1, 1]).raw(&[0; 10]);
    let head = bytes().tag(b"IwSQ").header(2, 1).u64(2).u64(1).flat(2, &[0.0; 4]).u8(0).u64(0);
    let outline = lists(head.scalar().u64(2)).outline();
    assert_eq!(outline.root.value("by_residual"), Some(&Value::Bool(true)));
    assert_eq!(outline.root.field("by_residual"), None);
}

#[test]
fn lsh_before_1_2_1_counts_words() {
    let rotation = |file: Bytes| file.tag(b"rrot").u8(0).vec_f32(&[0.0; 128]).vec_f32(&[]).i32(2).i32(64).u8(1);
    let file = bytes().tag(b"IxHE").header(2, 1).i32(64).u8(1).u8(0).vec_f32(&[]).i32(1);
    let outline = rotation(file).vec_u8(&[0; 8]).outline();
    assert_eq!(outline.root.u64("code_size"), Some(8));
}

#[test]
fn product_codes_before_1_2_1_and_in_whole_bytes() {
    bytes().tag(b"IxPQ").header(2, 3).product().vec_u8(&[0; 3]).outline();
    let outline = bytes().tag(b"IxPo").header(2, 3).product().vec_u8(&[0; 6]).i32(0).u8(0).i32(0).outline();
    assert_eq!(outline.root.u64("code_size"), Some(2), "two codes of a byte each, as up to 1.5.1");
    let neither = bytes().tag(b"IxPo").header(2, 3).product().vec_u8(&[0; 5]).fault();
    assert!(neither.ends_with("expected 3, found 5"), "{neither}");
}

#[test]
fn pca_before_1_2_1_has_no_bins() {
    let pca = bytes().tag(b"IxPT").header(2, 1).i32(1).tag(b"PCAm").f32(0.0).u8(0);
    let pca = pca.vec_f32(&[0.0; 2]).vec_f32(&[0.0; 2]).vec_f32(&[0.0; 4]).u8(0).vec_f32(&[0.0; 2]).vec_f32(&[]);
    let outline = pca.i32(2).i32(1).u8(1).flat(1, &[0.0]).outline();
    assert_eq!(outline.root.child("chain[0]").unwrap().class, "PCAMatrix");
}

#[test]
fn eden_without_a_scale_type() {
    let eden = |file: Bytes| file.u64(2).u64(9).i32(1).u64(1);
    eden(bytes().tag(b"IxEd").header(2, 1)).vec_u8(&[0; 9]).vec_f32(&[0.0; 2]).outline();
    let head = bytes().tag(b"IwEd").header(2, 1).u64(1).u64(1).flat(2, &[0.0; 2]).u8(0).u64(0);
    let lists = eden(head).u64(9).u8(1).tag(b"ilar").u64(1).u64(9).tag(b"full").vec_u64(&[1]);
    lists.raw(&[0; 17]).outline();
}

#[test]
fn the_stream_of_another_library_is_kept_whole() {
    for tag in [b"ISVD", b"ISV2", b"ILVQ", b"ISVL", b"ISVF", b"ISID", b"ISIQ", b"ISIL"] {
        let outline = bytes().tag(tag).header(2, 1).raw(&[1; 77]).outline();
        assert_eq!(outline.root.array("svs").map(|array| array.span), Some(Span::new(37, 77)));
        let fault = bytes().tag(b"IxMp").header(2, 1).tag(tag).header(2, 1).raw(&[1; 77]).fault();
        assert!(fault.starts_with("unsupported at byte 74 while reading index.svs"), "{fault}");
    }
}

#[test]
fn codes_stand_in_their_places_only() {
    let fault = bytes().tag(b"null").fault();
    assert_eq!(fault, "misplaced tag at byte 0 while reading tag: `null` where an index belongs");
    let fault = bytes().tag(b"VNrm").raw(&[0; 13]).fault();
    assert_eq!(fault, "misplaced tag at byte 0 while reading tag: `VNrm` where an index belongs");
    let inside = |file: Bytes| file.tag(b"IBFf").i32(8).i32(1).u64(0).u8(1).i32(1);
    let fault = inside(bytes()).tag(b"IBxF").fault();
    assert_eq!(fault, "misplaced tag at byte 25 while reading index.tag: `IBxF` where an index belongs");
    let fault = bytes().tag(b"IxPT").header(2, 1).i32(1).tag(b"Viqt").u64(0).u8(1).tag(b"Viqt").fault();
    assert_eq!(fault, "misplaced tag at byte 54 while reading chain[0].itq.tag: `Viqt` where `Viqm` belongs");
}

#[test]
fn pairs_of_sizes_ascend_and_stay_below_nlist() {
    let lists = |pairs: &[u64]| {
        let head = bytes().tag(b"IwFl").header(2, 2).u64(9).u64(1).tag(b"null").u8(0).u64(0);
        head.tag(b"ilar").u64(9).u64(8).tag(b"sprs").vec_u64(pairs).raw(&[0; 32])
    };
    let outline = lists(&[2, 1, 7, 1]).outline();
    let sizes: Vec<u64> = (0..9)
        .map(|number| {
            let file = lists(&[2, 1, 7, 1]).done();
            outline.root.lists().unwrap().locate(file.len() as u64, number).over(&file).unwrap().size
        })
        .collect();
    assert_eq!(sizes, [0, 0, 1, 0, 0, 0, 0, 1, 0]);
    assert!(lists(&[7, 1, 2, 1]).fault().contains("list numbers of `sprs` ascend: found 2"));
    assert!(lists(&[2, 1, 2, 1]).fault().contains("list numbers of `sprs` ascend: found 2"));
    assert!(lists(&[2, 1, 9, 1]).fault().contains("a list number is below nlist: found 9"));
    assert!(lists(&[2, 1, 7]).fault().contains("numbers of `sprs` come in pairs: found 3"));
}
