//! One vector found by its id in a snapshot that is far away: what the requests for it come to.
//!
//! The bound is stated in `docs/snapshot-format.md`: beyond the one read of the summary at most 3 requests and 2 MiB
//! for vectors in rows, 4 requests for inverted lists, everything verified; the id that stands in the row is one more.

use faissil_core::asking::{Ask, Task};
use faissil_core::bytes::{Reading, Span, Step, slice};
use faissil_core::error::Cause;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, Found, InList};
use faissil_core::index::Index;
use faissil_core::keep;
use faissil_core::look_up::{LookUp, Vectors, Which, vectors};
use faissil_core::opened::{Access, Caches, open};
use faissil_core::snapshot::{ChunkEntry, Ids, Layout, Open, Snapshot, TreeBody};
use faissil_core::standin::StandIn;
use faissil_core::vectors::{VectorStream, find};
use faissil_core::{faiss, ids::Row};
use faissil_tests::driven;
use faissil_tests::snapshots::{Wanted, counted, write};

/// A stream in a snapshot, read by its chunks, each verified; what was read is kept, as a host does.
struct Remote<'a> {
    snapshot: &'a Snapshot,
    file: &'a [u8],
    table: Vec<ChunkEntry>,
    chunk: (Span, Vec<u8>),
    requests: usize,
    bytes: u64,
}

impl Remote<'_> {
    fn step<R: Reading>(&mut self, reading: &mut R) -> R::Output {
        loop {
            match reading.step().unwrap() {
                Step::Done(out) => return out,
                Step::Need(span) => {
                    self.load(span.start);
                    let held = span.overlap(&self.chunk.0).unwrap();
                    let part = Span::new(held.start - self.chunk.0.start, held.len);
                    reading.bring(held.start, slice(&self.chunk.1, part));
                }
            }
        }
    }

    fn load(&mut self, at: u64) {
        let byte = Span::new(at, 1);
        if self.chunk.0.contains(&byte) {
            return;
        }
        if !self.table.iter().any(|chunk| chunk.logical.contains(&byte)) {
            let (page, requests, bytes) = counted(&mut self.snapshot.find_chunk(at), self.file);
            self.table = page.unwrap();
            self.count(requests, bytes);
        }
        let chunk = self.table.iter().find(|chunk| chunk.logical.contains(&byte)).unwrap();
        let decoded = chunk.check(slice(self.file, chunk.stored)).unwrap().into_owned();
        self.chunk = (chunk.logical, decoded);
        let stored = chunk.stored.len;
        self.count(1, stored);
    }

    fn count(&mut self, requests: usize, bytes: u64) {
        self.requests += requests;
        self.bytes += bytes;
    }
}

/// The little-endian floats of the vectors with this id, and the requests and bytes beyond the summary.
fn fetch(file: &[u8], id: i64) -> (Vec<u8>, usize, u64) {
    let (snapshot, requests, bytes) = counted(&mut Open::new(file.len() as u64), file);
    assert_eq!((requests, bytes), (1, 61_504), "the summary");
    let (ids, more, _) = counted(&mut snapshot.body::<Ids>(), file);
    let (tree, again, _) = counted(&mut snapshot.body::<TreeBody>(), file);
    let (outline, once_more, _) = counted(&mut snapshot.outline(&tree.unwrap(), keep::class), file);
    assert_eq!((more, again, once_more), (0, 0, 0), "the summary has everything");

    let (rows, requests, bytes) = counted(&mut snapshot.find_id(&ids.unwrap().lookup.unwrap(), id), file);
    let table = Vec::new();
    let mut remote = Remote { snapshot: &snapshot, file, table, chunk: Default::default(), requests, bytes };
    let stored = find(&outline).unwrap();
    let files = Files::only(snapshot.stream().length);
    let mut stream = VectorStream::rows(&stored, files, rows.into_iter().map(Row).collect(), false);
    let mut floats = Vec::new();
    while let Some(batch) = remote.step(&mut stream) {
        floats.extend(batch.floats);
    }
    (floats, remote.requests, remote.bytes)
}

fn with_outline(stream: Vec<u8>, ids: Vec<(i64, u64)>) -> Wanted {
    let outline = faiss::outline(&stream).unwrap();
    let mut wanted = Wanted { stream, ids: Some(ids), chunk: 1 << 20, ..Wanted::default() };
    wanted.parts.tree = Some(TreeBody::new(&outline, String::new(), Vec::new()));
    wanted
}

#[test]
fn one_of_three_million_takes_three_requests() {
    const ROWS: u64 = 3_000_000;
    // Ids in no order: id 3k - 1000 is in row (k * prime) mod ROWS, and its float is its row.
    let sorted: Vec<(i64, u64)> = (0..ROWS).map(|k| (k as i64 * 3 - 1000, k * 1_000_003 % ROWS)).collect();
    let mut ids = vec![ExternalId(0); ROWS as usize];
    sorted.iter().for_each(|&(id, row)| ids[row as usize] = ExternalId(id));
    let floats: Vec<u8> = (0..ROWS).flat_map(|row| (row as f32).to_le_bytes()).collect();
    let stand_in = StandIn::new(1, 1, 0.0, ROWS).unwrap();
    let pieces = stand_in.pieces([floats], ids);
    let stream: Vec<u8> = pieces.flat_map(|piece| piece.unwrap()).collect();
    let wanted = with_outline(stream, sorted.clone());
    for layout in [Layout::Sealed, Layout::Packed] {
        let (file, _) = write(&wanted, layout);
        let snapshot = Open::new(file.len() as u64).over(&file).unwrap();
        let lookup = snapshot.body::<Ids>().over(&file).unwrap().unwrap().lookup.unwrap();
        assert_eq!(lookup.height, 2, "a storey between root and leaves");
        // Chunks of 16 KiB give the table its storeys; a gigabyte and a half has as many of 1 MiB.
        assert_eq!(snapshot.chunks().table.height, u8::from(layout == Layout::Sealed));
        for k in [0, 1, 2046, 2047, 1_197_494, 1_197_495, 2_000_000, ROWS as usize - 1] {
            let (id, row) = sorted[k];
            let (floats, requests, bytes) = fetch(&file, id);
            assert_eq!(floats, (row as f32).to_le_bytes(), "{id}");
            // An id that begins a group of pages could also end the group before: 1,466 leaf pages are groups of 3.
            let beside = usize::from(k > 0 && k % (3 * 2047) == 0);
            assert!(requests <= 3 + beside, "{layout:?}, {id}: {requests} requests");
            assert!(bytes <= 2 << 20, "{layout:?}, {id}: {bytes} bytes");
        }
        let (floats, requests, _) = fetch(&file, 0);
        assert_eq!((floats.len(), requests), (0, 1), "{layout:?}: an id that is not there");
    }
}

/// An `IndexIVFFlat` as FAISS 1.15 writes it: 4 dimensions, lists of as many vectors each, the float of each its id.
fn ivf(ids: &[i64], nlist: u64) -> Vec<u8> {
    let each = ids.len() / nlist as usize;
    let header = |out: &mut Vec<u8>, tag: &[u8; 4], ntotal: u64| {
        out.extend(tag);
        out.extend(4u32.to_le_bytes());
        out.extend(ntotal.to_le_bytes());
        out.extend([0; 16]);
        out.push(1);
        out.extend(1i32.to_le_bytes());
    };
    let mut out = Vec::new();
    header(&mut out, b"IwFl", ids.len() as u64);
    out.extend(nlist.to_le_bytes());
    out.extend(1u64.to_le_bytes());
    header(&mut out, b"IxF2", nlist);
    out.extend((nlist * 4).to_le_bytes());
    out.extend(vec![0; nlist as usize * 16]);
    // No direct map.
    out.extend([0; 9]);
    out.extend(b"ilar");
    out.extend(nlist.to_le_bytes());
    out.extend(16u64.to_le_bytes());
    out.extend(b"full");
    out.extend(nlist.to_le_bytes());
    (0..nlist).for_each(|_| out.extend((each as u64).to_le_bytes()));
    for list in ids.chunks(each) {
        list.iter().for_each(|id| out.extend([id.to_le_bytes(); 2].concat()));
        list.iter().for_each(|id| out.extend(id.to_le_bytes()));
    }
    out
}

#[test]
fn inverted_lists_take_four() {
    let ids: Vec<i64> = (0..210_000).map(|row| row * 1_000_003 % 210_000 * 5 - 7).collect();
    let mut sorted: Vec<(i64, u64)> = ids.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let wanted = with_outline(ivf(&ids, 700), sorted);
    let (file, _) = write(&wanted, Layout::Sealed);
    for id in ids.iter().step_by(19_997) {
        let (floats, requests, bytes) = fetch(&file, *id);
        assert_eq!(floats, [id.to_le_bytes(); 2].concat(), "{id}");
        assert!(requests <= 4 && bytes <= 2 << 20, "{id}: {requests} requests, {bytes} bytes");
    }
}

/// What a browser does: outline and sizes of lists as they are recorded, and of the stream only what is looked for.
async fn recorded(ask: Ask, id: i64) -> Result<(Found, Vectors), Cause> {
    let opened = open(&ask).await?;
    let access = Access::new(ask, &opened, Caches::default());
    let index = Index::as_recorded(&access).await?;
    let look_up = LookUp::new(&access, &index).await?;
    let found = look_up.find(ExternalId(id), look_up.plan(ExternalId(id)).road).await?;
    Ok((found, vectors(&access, &index, Which::Ids([ExternalId(id)].into())).await?))
}

#[test]
fn recorded_sizes_lead_to_lists_and_are_not_needed() {
    const NLIST: u64 = 9000;
    let ids: Vec<i64> = (0..2 * NLIST as i64).map(|row| row * 1_000_003 % 18_000 * 5 - 7).collect();
    let mut sorted: Vec<(i64, u64)> = ids.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let wanted = Wanted { sizes: Some(vec![2; NLIST as usize]), ..with_outline(ivf(&ids, NLIST), sorted) };
    for layout in [Layout::Sealed, Layout::Packed] {
        let (file, _) = write(&wanted, layout);
        let snapshot = Open::new(file.len() as u64).over(&file).unwrap();
        let tree = snapshot.body::<TreeBody>().over(&file).unwrap().unwrap();
        let sizes = tree.lists[0].sizes.clone().unwrap();
        assert_eq!((sizes.count, sizes.height), (NLIST, 1));
        for (number, left) in [(0, 4095), (4094, 1), (4095, 4095), (NLIST - 1, 1)] {
            let (page, requests, _) = counted(&mut snapshot.find_size(&sizes, number), &file);
            assert_eq!(page.len(), left * 8, "list {number}");
            assert!(requests <= 1, "list {number}: {requests} requests, though the root page came with the summary");
        }
        assert!(snapshot.find_size(&sizes, NLIST).over(&file).is_err());

        let files = Files::only(file.len() as u64);
        let look = |file: &[u8], row: usize| driven::over(Task::new(files, |ask| recorded(ask, ids[row])), file, 4096);
        // The root page of the sizes is damaged: the stream has them too.
        let mut without = file.clone();
        without[sizes.start as usize + 9] ^= 1;
        for row in [0, 1, 8190, 8191, 17_999] {
            let (found, vector) = look(&file, row).unwrap().unwrap();
            let [place] = found.places.as_slice() else { panic!("{found:?}") };
            assert_eq!(
                (place.row, place.at),
                (Row(row as u64), Some(InList { list: row as u64 / 2, offset: row as u64 % 2 }))
            );
            assert_eq!(vector.floats, [ids[row].to_le_bytes(); 2].concat());
            assert_eq!(look(&without, row).unwrap().unwrap(), (found, vector));
        }
    }
}

#[test]
fn an_id_that_its_lookup_names_and_that_is_damaged_is_damage() {
    let ids: Vec<i64> = (0..1400).map(|row| row * 3 + 5).collect();
    let wanted = with_outline(ivf(&ids, 700), ids.iter().copied().zip(0..).collect());
    let (mut file, _) = write(&wanted, Layout::Sealed);
    let at = wanted.stream.len() - 8;
    file[at] ^= 1;
    let files = Files::only(file.len() as u64);
    let found = driven::over(Task::new(files, |ask| recorded(ask, ids[1399])), &file, 4096).unwrap();
    let said = found.unwrap_err().to_string();
    assert!(said.contains("the id lookup says that the id 4202 is in row 1399, where the id 4203 is"), "{said}");
}

/// The numbers in the document, from the widths of pages.
#[test]
fn the_bound_is_what_the_document_says() {
    let document = std::fs::read_to_string(faissil_tests::root().join("docs/snapshot-format.md")).unwrap();
    let page = 32_768u64;
    let (ids, children, values) = ((page - 8) / 16, (page - 8) / 56, (page - 8) / 32);
    let leaves = 65_536u64.div_ceil(values);
    for (said, number) in [
        ("a leaf page holds 2,047 ids", ids == 2047),
        ("an inner page at most 585 children", children == 585),
        ("up to 17,962,425 ids", 15 * children * ids == 17_962_425 && 16 * page == faissil_core::limits::MAX_GROUP),
        ("up to 700,534,575 ids", children * children * ids == 700_534_575),
        ("up to 1,197,495 ids", children * ids == 1_197_495),
        ("a leaf page holds 1,023 chunks", values == 1023),
        ("have 65 leaf pages, and a root of 3,648 bytes", leaves == 65 && 8 + leaves * 56 == 3648),
        ("28,672 bytes are left", 61_504 - 64 - page == 28_672),
        ("4,095 lists", (page - 8) / 8 == 4095),
    ] {
        assert!(number, "{said}");
        assert!(document.contains(said), "the document no longer says: {said}");
    }
}
