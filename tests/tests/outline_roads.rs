//! The same outline by every road, and how little of a file is read for it.

use faissil_core::Error;
use faissil_core::bytes::{Reading, Step, slice};
use faissil_core::faiss::{Outliner, outline};
use faissil_core::lists::{List, Lists, Sizes};
use faissil_core::outline::Outline;
use faissil_tests::{driven, kept, root};

/// What a host did to bring a reading to its end.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Traffic {
    requests: u64,
    bytes: u64,
}

/// A reading whose traffic is counted.
struct Watched<'r, R>(&'r mut R, Traffic);

impl<R: Reading> Reading for Watched<'_, R> {
    type Output = R::Output;

    fn step(&mut self) -> Result<Step<R::Output>, Error> {
        self.0.step()
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.1.requests += 1;
        self.1.bytes += bytes.len() as u64;
        self.0.bring(at, bytes);
    }
}

/// Run a reading over `file`, bringing at most `most` bytes a request.
fn drive<R: Reading>(reading: &mut R, file: &[u8], most: usize) -> (Result<R::Output, Error>, Traffic) {
    let mut watched = Watched(reading, Traffic::default());
    let out = driven::step(&mut watched, file, most);
    (out, watched.1)
}

fn outlined(file: &[u8], most: usize) -> (Outline, Traffic) {
    let (outline, traffic) = drive(&mut Outliner::new(file.len() as u64), file, most);
    (outline.expect("a fixture has an outline"), traffic)
}

#[test]
fn one_byte_a_request_gives_the_same_outline() {
    for case in kept() {
        let file = case.bytes();
        let whole = outline(&file).expect("a fixture has an outline");
        assert_eq!(outlined(&file, 1).0, whole, "{}", case.name);
        assert_eq!(outlined(&file, 7).0, whole, "{}: seven bytes a request", case.name);
    }
}

#[test]
fn a_truncated_file_gives_the_same_fault_byte_by_byte() {
    for case in kept().into_iter().step_by(9) {
        let file = case.bytes();
        for len in [3, 40, file.len() / 3, file.len() / 2, file.len() - 1] {
            let cut = &file[..len];
            let (bytewise, _) = drive(&mut Outliner::new(len as u64), cut, 1);
            assert_eq!(bytewise, outline(cut), "{}: first {len} bytes", case.name);
        }
    }
}

/// A file of zeros, with some bytes at its start: what a host would serve of a very large index.
struct Large {
    len: u64,
    head: Vec<u8>,
}

impl Large {
    fn outlined(&self) -> (Outline, Traffic) {
        let (mut outliner, mut traffic) = (Outliner::new(self.len), Traffic::default());
        loop {
            match outliner.step().expect("it is an index") {
                Step::Done(outline) => return (outline, traffic),
                Step::Need(span) => {
                    let mut bytes = vec![0; span.len as usize];
                    let head = slice(&self.head, span);
                    bytes[..head.len()].copy_from_slice(head);
                    traffic.requests += 1;
                    traffic.bytes += span.len;
                    outliner.bring(span.start, &bytes);
                }
            }
        }
    }
}

/// A header with `d` 4 and `ntotal` vectors, metric L2.
fn header(tag: &[u8; 4], ntotal: u64) -> Vec<u8> {
    let mut head = tag.to_vec();
    head.extend(4i32.to_le_bytes());
    head.extend([ntotal, 1 << 20, 1 << 20].iter().flat_map(|n| n.to_le_bytes()));
    head.push(1);
    head.extend(1i32.to_le_bytes());
    head
}

#[test]
fn a_flat_index_of_any_size_costs_one_request() {
    let ntotal = 1u64 << 40;
    let mut head = header(b"IxF2", ntotal);
    head.extend((ntotal * 4).to_le_bytes());
    let large = Large { len: 45 + ntotal * 16, head };
    let (outline, traffic) = large.outlined();
    assert_eq!((outline.fault, outline.end), (None, large.len));
    assert_eq!(traffic, Traffic { requests: 1, bytes: 1024 });
}

#[test]
fn an_ivf_index_costs_its_list_sizes() {
    // A million lists of one vector each, over a coarse quantizer that is not there.
    let nlist = 1u64 << 20;
    let mut head = header(b"IwFl", nlist);
    head.extend([nlist, 1].iter().flat_map(|n| n.to_le_bytes()));
    head.extend(b"null\0");
    head.extend(0u64.to_le_bytes());
    head.extend(b"ilar");
    head.extend([nlist, 16].iter().flat_map(|n| n.to_le_bytes()));
    head.extend(b"full");
    head.extend(nlist.to_le_bytes());
    head.extend((0..nlist).flat_map(|_| 1u64.to_le_bytes()));
    let large = Large { len: head.len() as u64 + nlist * 24, head };
    let (outline, traffic) = large.outlined();
    assert_eq!((outline.fault.clone(), outline.end), (None, large.len));
    let lists = outline.root.lists().expect("it has lists");
    assert_eq!((lists.balance.total, lists.checkpoints.len()), (nlist, 1025));
    // 8 MiB of sizes in pieces of 256 KiB, and the header.
    assert_eq!(traffic.requests, 33);
    assert!(traffic.bytes <= nlist * 8 + 1024, "{traffic:?}");

    let (found, traffic) = locate(lists, &large, 777_777);
    assert_eq!((found.number, found.row, found.size), (777_777, 777_777, 1));
    assert_eq!(found.codes.start, lists.span.start + 777_777 * 24);
    assert!(traffic.requests == 1 && traffic.bytes <= 1 << 18, "{traffic:?}");
}

/// One list of a large file.
fn locate(lists: &Lists, large: &Large, number: u64) -> (List, Traffic) {
    let (list, traffic) = drive(&mut lists.locate(large.len, number), &large.head, usize::MAX);
    (list.expect("the list is there"), traffic)
}

#[test]
fn the_sample_is_outlined_with_a_few_requests() {
    let file = std::fs::read(root().join("samples/debian-packages.faiss")).expect("the sample is there");
    let (outline, traffic) = outlined(&file, usize::MAX);
    assert_eq!(outline.fault, None);
    assert!(traffic.requests <= 9 && traffic.bytes < 64 << 10, "{traffic:?} for {}", file.len());
}

#[test]
fn a_list_is_found_alone_as_in_a_walk() {
    for case in kept() {
        let file = case.bytes();
        let outline = outline(&file).expect("a fixture has an outline");
        for lists in outline.records().into_iter().filter_map(|record| record.lists()) {
            let len = file.len() as u64;
            let mut walked = Vec::new();
            let mut walk = lists.walk(len, 0);
            while let (Ok(Some(list)), _) = drive(&mut walk, &file, 3) {
                walked.push(list);
            }
            let total: u64 = walked.iter().map(|list| list.size).sum();
            assert_eq!(total, lists.balance.total, "{}", case.name);
            for number in 0..lists.nlist {
                let (found, _) = drive(&mut lists.locate(len, number), &file, 5);
                let found = found.unwrap_or_else(|error| panic!("{}: {error}", case.name));
                let expected = walked.iter().find(|list| list.number == number);
                match expected {
                    Some(expected) => assert_eq!(found, *expected, "{}", case.name),
                    None => {
                        assert_eq!((found.size, matches!(lists.sizes, Sizes::Sparse(_))), (0, true), "{}", case.name)
                    }
                }
                let (rest, _) = drive(&mut lists.walk(len, number), &file, usize::MAX);
                let next = walked.iter().find(|list| list.number >= number).copied();
                assert_eq!(rest, Ok(next), "{}: from list {number}", case.name);
            }
            let beyond = drive(&mut lists.locate(len, lists.nlist), &file, usize::MAX).0;
            assert!(beyond.is_err(), "{}: {beyond:?}", case.name);
        }
    }
}
