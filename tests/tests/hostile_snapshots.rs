//! Snapshots cut short, flipped, and forged with all digests right: refused or read, never a panic or a hang, in memory that
//! the file's length allows.

use faissil_core::bytes::{Reading, Span, slice};
use faissil_core::faiss::outline;
use faissil_core::outline::Fourcc;
use faissil_core::snapshot::wire::{Fixed, encode, put_varint};
use faissil_core::snapshot::{
    Child, Content, Digest, Ids, Layout, PageHead, Parts, Place, REFERENCE, Section, TRAILER_LEN, TreeBody,
};
use faissil_tests::counting::{Counting, peak};
use faissil_tests::examine::examine_snapshot;
use faissil_tests::heal::heal;
use faissil_tests::snapshots::{Wanted, noise, open, wanted, write};
use faissil_tests::{Case, kept};

#[global_allocator]
static MEMORY: Counting = Counting;

/// Readings keep the last 64 KiB of the file each.
fn allowed(len: usize) -> u64 {
    (2 << 20) + 16 * len as u64
}

/// Small, with a second storey of ids.
fn small() -> Wanted {
    Wanted {
        stream: noise(3000, 5),
        attachments: vec![("a.txt".into(), noise(900, 1)), ("empty".into(), vec![]), ("ü".into(), vec![7; 3000])],
        ids: Some((0..2100).map(|row| (row as i64 / 2 - 900, row)).collect()),
        chunk: 2000,
        ..wanted(1)
    }
}

/// Snapshots with every section, of an index with inverted lists.
fn snapshots() -> Vec<Vec<u8>> {
    let case = |name: &str| kept().into_iter().find(|case: &Case| case.name == name).expect("the case is kept");
    let stream = case("1.15.1/ivf_flat").bytes();
    let outline = outline(&stream).expect("a case has an outline");
    let sizes = vec![20, 19, 19, 18, 18, 19, 18, 19];
    let mut tree = TreeBody::new(&outline, "IVF8,Flat".into(), Vec::new());
    if let Some(lists) = tree.lists.first_mut() {
        (lists.non_empty, lists.largest) = (8, 20);
        lists.squares = sizes.iter().map(|size: &u64| u128::from(size * size)).sum();
    }
    let parts = Parts { tree: Some(tree), ..small().parts };
    let ivf = Wanted { stream, sizes: Some(sizes), parts, ..small() };
    let compressible = Wanted { stream: noise(9000, 3).iter().map(|byte| byte & 3).collect(), ..small() };
    let all = [(ivf, Layout::Sealed), (compressible, Layout::Packed)];
    all.into_iter().map(|(wanted, layout)| write(&wanted, layout).0).collect()
}

fn check(what: &str, file: &[u8]) -> bool {
    let run = || peak(|| examine_snapshot(file));
    let (found, held) = std::panic::catch_unwind(run).unwrap_or_else(|_| panic!("{what}"));
    assert!(held <= allowed(file.len()), "{what}: held {held} bytes for {}", file.len());
    found == Ok(Vec::new())
}

#[test]
fn no_prefix_is_a_snapshot() {
    for file in snapshots() {
        assert!(check("whole", &file), "{:?}", examine_snapshot(&file));
        let len = file.len();
        for cut in (0..len).step_by(2003).chain(len.saturating_sub(300)..len) {
            assert!(!check(&format!("first {cut} bytes"), &file[..cut]), "the first {cut} bytes pass");
        }
    }
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    for mut file in snapshots() {
        let len = file.len();
        for (number, at) in (0..len).step_by(307).chain((len.saturating_sub(900)..len).step_by(3)).enumerate() {
            let bit = 1 << (number % 8);
            file[at] ^= bit;
            assert!(!check(&format!("bit {bit} of byte {at}"), &file), "bit {bit} of byte {at} goes unnoticed");
            file[at] ^= bit;
        }
    }
}

/// What is found once every digest fits again.
fn forged(what: &str, mut file: Vec<u8>) {
    let _ = heal(&mut file);
    check(what, &file);
}

#[test]
fn forged_bytes_with_right_digests_are_harmless() {
    for file in snapshots() {
        let (manifest, blocks) = (open(&file).manifest(), open(&file).blocks());
        let places = (blocks.start..blocks.end()).step_by(211).chain(manifest.start..manifest.end());
        for at in places {
            let byte = [0xff, 0x00, 0x80][at as usize % 3];
            let mut file = file.clone();
            file[at as usize] = byte;
            forged(&format!("{byte:#x} at byte {at}"), file);
        }
    }
}

#[test]
fn forged_numbers_with_right_digests_are_harmless() {
    for file in snapshots() {
        let blocks = open(&file).blocks();
        let ends = [blocks.start, blocks.end() - 400].map(|start| (start..start + 390).step_by(4));
        for at in ends.into_iter().flatten().chain((blocks.start..blocks.end() - 8).step_by(900)) {
            let number = [u64::MAX, 1 << 32][at as usize / 4 % 2];
            let mut file = file.clone();
            file[at as usize..at as usize + 8].copy_from_slice(&u64::to_le_bytes(number));
            forged(&format!("{number:#x} at byte {at}"), file);
        }
        let whole = file;
        let trailer = whole.len() - TRAILER_LEN as usize;
        for at in (trailer..trailer + 57).step_by(4) {
            for number in [0, 1, 64, 1 << 31, 1 << 32, 1 << 62, 1 << 63, u64::MAX] {
                let mut file = whole.clone();
                file[at..at + 8].copy_from_slice(&u64::to_le_bytes(number));
                let same = file == whole;
                assert_eq!(check(&format!("{number:#x} in the trailer"), &file), same, "{number:#x} at byte {at}");
            }
        }
    }
}

#[test]
fn an_attachment_costs_what_it_is_and_no_window_of_its_own() {
    let names = (0..3000).map(|number| (format!("{number}.txt"), Vec::new()));
    let many = Wanted { attachments: names.collect(), ids: None, ..small() };
    let (file, _) = write(&many, Layout::Sealed);
    assert!(check("many attachments", &file));
}

#[test]
fn a_lookup_whose_pages_lead_to_one_another_twice_is_refused() {
    let (mut file, _) = write(&small(), Layout::Sealed);
    let ids = open(&file).body::<Ids>().over(&file).expect("it is sound").expect("it has ids");
    let lookup = ids.lookup.expect("the ids have a lookup");
    assert_eq!(lookup.height, 1);
    let first = lookup.start as usize + PageHead::WIDTH as usize;
    let second = first + Child::WIDTH as usize;
    file.copy_within(first..second, second);
    let _ = heal(&mut file);
    let snapshot = open(&file);
    let ids = snapshot.body::<Ids>().over(&file).expect("the digests fit").expect("it has ids");
    let lookup = ids.lookup.expect("the ids have a lookup");
    let error = snapshot.find_id(&lookup, ids.min).over(&file).expect_err("both children are one page");
    assert!(error.to_string().contains("pages ascend in the file"), "{error}");
}

/// A snapshot with sections that no build knows, whose bodies are these bytes of its blocks.
fn with_unknown_sections(bodies: impl Iterator<Item = Span>) -> Vec<u8> {
    let (file, _) = write(&small(), Layout::Sealed);
    let snapshot = open(&file);
    let start = snapshot.manifest().start;
    let mut sections = snapshot.sections().to_vec();
    sections.extend(bodies.enumerate().map(|(number, body)| {
        let body = Span::new(snapshot.blocks().start + body.start, body.len);
        let digest = Digest::of(slice(&file, body));
        let tag = [b'a', b'0' + (number / 400) as u8, b'0' + (number / 20 % 20) as u8, b'0' + (number % 20) as u8];
        let body = Content::Reference(Place { start: body.start, len: body.len, digest });
        Section { tag: Fourcc(tag), flags: REFERENCE, body }
    }));
    let mut manifest = Vec::new();
    put_varint(sections.len() as u128, &mut manifest);
    for section in &sections {
        manifest.extend(section.tag.0);
        manifest.push(section.flags);
        match &section.body {
            Content::Inline { bytes, .. } => manifest.extend(encode(bytes)),
            Content::Reference(place) => manifest.extend(encode(place)),
        }
    }
    let mut forged = file[..start as usize].to_vec();
    forged.extend(&manifest);
    forged.extend(&file[file.len() - TRAILER_LEN as usize..]);
    let trailer = forged.len() - TRAILER_LEN as usize;
    forged[trailer + 8..trailer + 16].copy_from_slice(&(manifest.len() as u64).to_le_bytes());
    forged[trailer + 16..trailer + 48].copy_from_slice(&Digest::of(&manifest).0);
    forged
}

#[test]
fn sections_by_the_thousand_cost_what_they_are() {
    let file = with_unknown_sections((0..900).map(|number| Span::new(number, 1)));
    assert!(open(&file).sections().len() > 900);
    assert!(!check("many sections", &file));
}

#[test]
fn bodies_that_overlap_are_refused_before_they_are_hashed() {
    let file = with_unknown_sections((0..1200).map(|number| Span::new(number, 30_000)));
    let error = examine_snapshot(&file).expect_err("bodies overlap");
    assert!(error.to_string().contains("section a001 at"), "{error}");
}
