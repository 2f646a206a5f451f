//! Snapshots written and read back, whole and broken.

use faissil_core::bytes::{Reading, Span, slice};
use faissil_core::snapshot::{
    Attachments, Check, CheckAll, ChunkKind, Digest, FindMark, Found, Ids, Layout, ListsSummary, MAGIC, Metadata, Open,
    Owner, Parts, Trailer, TreeBody,
};
use faissil_tests::snapshots::{Wanted, counted, extract, noise, open, wanted, write};
use proptest::prelude::*;

#[test]
fn what_goes_in_comes_out() {
    for len in [1, 5, 16_384, 16_385, 300_000] {
        let wanted = wanted(len);
        for layout in [Layout::Sealed, Layout::Packed] {
            let (file, finished) = write(&wanted, layout);
            let snapshot = open(&file);
            assert_eq!(snapshot.layout(), layout);
            assert_eq!(snapshot.digest(), finished.digest);
            assert_eq!(snapshot.stream().digest, Digest::of(&wanted.stream));
            assert_eq!(extract(&snapshot, &file, Owner::Stream), wanted.stream);
            for (number, (name, bytes)) in wanted.attachments.iter().enumerate() {
                let attachments = snapshot.body::<Attachments>().over(&file).unwrap().unwrap();
                assert_eq!(&attachments.attachments[number].name, name);
                assert_eq!(&extract(&snapshot, &file, Owner::Attachment(number as u64)), bytes);
            }
            let metadata = snapshot.body::<Metadata>().over(&file).unwrap().unwrap();
            assert_eq!(metadata.entries[0].key, "author");
            assert_eq!(CheckAll::new(&snapshot).over(&file).unwrap(), vec![]);
            assert_eq!(write(&wanted, layout).0, file, "equal input gives equal bytes");
        }
    }
}

#[test]
fn a_sealed_snapshot_begins_with_its_stream() {
    let wanted = wanted(50_000);
    let (file, _) = write(&wanted, Layout::Sealed);
    assert!(file.starts_with(&wanted.stream));
    assert_eq!(open(&file).stream_span(), Some(Span::new(0, 50_000)));
    let cut = &file[..file.len() - 64];
    assert_eq!(FindMark::new(cut.len() as u64, 0).over(cut), Ok(Some(50_000)));
}

#[test]
fn a_summary_costs_one_read_of_64_kib() {
    let (file, _) = write(&wanted(400_000), Layout::Sealed);
    let (snapshot, requests, bytes) = counted(&mut Open::new(file.len() as u64), &file);
    assert_eq!((requests, bytes), (1, 61_504));
    let (metadata, requests, _) = counted(&mut snapshot.body::<Metadata>(), &file);
    assert_eq!((metadata.unwrap().entries.len(), requests), (2, 0));
}

#[test]
fn an_id_is_found_with_a_request_a_storey() {
    // 20,000 entries, with one id that fills three pages.
    let ids: Vec<(i64, u64)> = (0..20_000u64)
        .map(|row| match row {
            0 => (i64::MIN, row),
            1..5000 => (row as i64 * 2 - 6000, row),
            5000..10_000 => (7777, row),
            19_999 => (i64::MAX, row),
            _ => (row as i64 * 3, row),
        })
        .collect();
    let wanted = Wanted { stream: noise(1000, 1), ids: Some(ids.clone()), chunk: 1000, ..Wanted::default() };
    let (file, _) = write(&wanted, Layout::Packed);
    let snapshot = open(&file);
    let lookup = snapshot.body::<Ids>().over(&file).unwrap().unwrap().lookup.unwrap();
    assert_eq!((lookup.count, lookup.height), (20_000, 1));
    for id in [i64::MIN, i64::MAX, -6001, -5998, 0, 3998, 7777, 7778, 30_000, 30_001, 59_994] {
        let expected: Vec<u64> = ids.iter().filter(|entry| entry.0 == id).map(|entry| entry.1).collect();
        let (rows, requests, _) = counted(&mut snapshot.find_id(&lookup, id), &file);
        assert_eq!(rows, expected, "{id}");
        assert!(requests <= 2 || id == 7777, "{requests} for {id}");
    }
}

#[test]
fn damage_is_named_and_the_rest_still_checked() {
    let (mut file, _) = write(&wanted(100_000), Layout::Packed);
    let snapshot = open(&file);
    let chunks = counted(&mut snapshot.walk_chunks(), &file).0.unwrap();
    for chunk in [&chunks[2], &chunks[5]] {
        file[chunk.stored.start as usize + 7] ^= 1;
    }
    let damage = CheckAll::new(&snapshot).over(&file).unwrap();
    let places: Vec<Span> = damage.iter().map(|damage| damage.logical).collect();
    assert_eq!(places, [Span::new(20_000, 10_000), Span::new(50_000, 10_000)]);
}

#[test]
fn chunks_are_named_for_threads() {
    let wanted = wanted(100_000);
    let (file, _) = write(&wanted, Layout::Sealed);
    let mut check = Check::new(&open(&file));
    let (mut sealed, mut coded) = (0, 0);
    loop {
        match counted(&mut check, &file).0 {
            Found::Chunks(chunks) => {
                for chunk in chunks {
                    chunk.check(slice(&file, chunk.stored)).unwrap();
                    match chunk.kind {
                        ChunkKind::Sealed { .. } => sealed += 1,
                        ChunkKind::Coded { .. } => coded += 1,
                    }
                }
            }
            Found::Whole { owner, digest } => {
                let Owner::Attachment(number) = owner else { panic!("the stream's digest was checked") };
                assert_eq!(digest, Digest::of(&wanted.attachments[number as usize].1));
            }
            Found::Done => break,
        }
    }
    assert_eq!((sealed, coded), (7, 11));
}

#[test]
fn a_byte_is_found_with_a_request_a_storey() {
    // 700 chunks of 100 bytes: three leaf pages under a root.
    let wanted = Wanted { stream: noise(70_000, 3), chunk: 100, ..Wanted::default() };
    for layout in [Layout::Packed, Layout::Sealed] {
        let (file, _) = write(&wanted, layout);
        let snapshot = open(&file);
        assert_eq!(snapshot.chunks().table.height, u8::from(layout == Layout::Packed));
        for at in [0, 99, 100, 27_299, 27_300, 44_444, 69_999] {
            let (chunks, requests, _) = counted(&mut snapshot.find_chunk(at), &file);
            let chunks = chunks.unwrap();
            let chunk = chunks.iter().find(|chunk| chunk.logical.contains(&Span::new(at, 1))).unwrap();
            let bytes = chunk.check(slice(&file, chunk.stored)).unwrap();
            assert_eq!(*bytes, *slice(&wanted.stream, chunk.logical), "{layout:?} {at}");
            assert!(requests <= 2, "{requests}");
        }
        assert_eq!(counted(&mut snapshot.find_chunk(70_000), &file).0, None);
    }
}

#[test]
fn sizes_of_lists_take_no_more_bytes_than_they_need_in_a_packed_snapshot() {
    for (largest, width) in
        [(0, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 4), (u64::from(u32::MAX), 4), (1 << 32, 8)]
    {
        // Two pages: the first with the largest, the second with small ones only.
        let sizes: Vec<u64> = (0..5000).map(|list| if list == 77 { largest } else { largest.min(list % 9) }).collect();
        let lists = ListsSummary {
            path: "invlists".into(),
            nlist: 5000,
            total: sizes.iter().sum(),
            non_empty: sizes.iter().filter(|&&size| size > 0).count() as u64,
            largest,
            squares: sizes.iter().map(|&size| u128::from(size) * u128::from(size)).sum(),
            sizes: None,
        };
        let tree = TreeBody {
            description: String::new(),
            facts: Vec::new(),
            lists: vec![lists],
            arrays: Vec::new(),
            records: Vec::new(),
            records_at: None,
        };
        let parts = Parts { tree: Some(tree), ..Parts::default() };
        let wanted =
            Wanted { stream: noise(90_000, 5), chunk: 9000, parts, sizes: Some(sizes.clone()), ..Wanted::default() };
        for layout in [Layout::Packed, Layout::Sealed] {
            let (file, _) = write(&wanted, layout);
            let snapshot = open(&file);
            let body = snapshot.body::<TreeBody>().over(&file).unwrap().unwrap();
            let mut walk = snapshot.walk_sizes(&body.lists[0]);
            let mut found = Vec::new();
            while let Some(page) = counted(&mut walk, &file).0 {
                found.extend(page);
            }
            assert_eq!(found, sizes, "{largest} {layout:?}");
            let second = if layout == Layout::Packed { 1 } else { 8 };
            let width = if layout == Layout::Packed { width } else { 8 };
            // 4,095 sizes and 905, two heads, and a root with two entries.
            let expected = 4095 * width + 905 * second + 3 * 8 + 2 * 56;
            let extent = walk.extent().unwrap().len + walk.apart().map_or(0, |root| root.len);
            assert_eq!(extent, expected, "{largest} {layout:?}");
            let tree = body.lists[0].sizes.clone().unwrap();
            for list in [0, 77, 4094, 4095, 4999] {
                let rest = counted(&mut snapshot.find_size(&tree, list), &file).0;
                assert_eq!(rest[..8], sizes[list as usize].to_le_bytes(), "{largest} {layout:?} {list}");
            }
        }
    }
}

/// Ids that ascend, with repetitions, from anywhere.
fn sorted_ids() -> impl Strategy<Value = Vec<(i64, u64)>> {
    let steps = prop::collection::vec(prop_oneof![Just(0), 1i64..5, any::<i64>()], 1..6000);
    (any::<i64>(), steps).prop_map(|(first, steps)| {
        let mut ids: Vec<i64> =
            steps.iter().scan(first, |id, step| Some(std::mem::replace(id, id.wrapping_add(*step)))).collect();
        ids.sort();
        ids.into_iter().zip(0..).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn lookup_pages_answer_like_a_map(ids in sorted_ids(), place: prop::sample::Index, other: i64) {
        let wanted = Wanted { stream: vec![1], ids: Some(ids.clone()), chunk: 1, ..Wanted::default() };
        let (file, _) = write(&wanted, Layout::Packed);
        let snapshot = open(&file);
        let lookup = snapshot.body::<Ids>().over(&file).unwrap().unwrap().lookup.unwrap();
        let known = place.get(&ids).0;
        for id in [known, known.wrapping_add(1), known.wrapping_sub(1), other] {
            let expected: Vec<u64> = ids.iter().filter(|entry| entry.0 == id).map(|entry| entry.1).collect();
            prop_assert_eq!(snapshot.find_id(&lookup, id).over(&file).unwrap(), expected);
        }
        prop_assert_eq!(CheckAll::new(&snapshot).over(&file).unwrap(), vec![]);
    }

    #[test]
    fn any_chunks_come_back_and_any_flip_is_found(
        len in 1usize..60_000, chunk in 40usize..5000, attached in 0usize..9000, packed: bool,
        place: prop::sample::Index, bit in 0u8..8,
    ) {
        let attachments = vec![("a".into(), noise(attached, 2)), ("b".into(), vec![0; attached])];
        let wanted = Wanted { stream: noise(len, 9), attachments, chunk, ..Wanted::default() };
        let layout = if packed { Layout::Packed } else { Layout::Sealed };
        let (mut file, _) = write(&wanted, layout);
        let snapshot = open(&file);
        prop_assert_eq!(extract(&snapshot, &file, Owner::Stream), wanted.stream);
        prop_assert_eq!(&extract(&snapshot, &file, Owner::Attachment(0)), &wanted.attachments[0].1);
        prop_assert_eq!(CheckAll::new(&snapshot).over(&file).unwrap(), vec![]);
        let place = place.index(file.len());
        file[place] ^= 1 << bit;
        let sound = Open::new(file.len() as u64).over(&file).and_then(|snapshot| CheckAll::new(&snapshot).over(&file));
        prop_assert_ne!(sound, Ok(vec![]));
    }

    #[test]
    fn random_bytes_behind_a_good_trailer_do_not_panic(blocks: Vec<u8>, manifest: Vec<u8>) {
        let mut file = blocks.clone();
        file.extend(&manifest);
        let trailer = Trailer {
            manifest_start: blocks.len() as u64,
            manifest_len: manifest.len() as u64,
            digest: Digest::of(&manifest),
            signatures_len: 0,
            version: 1,
            flags: 0,
            magic: MAGIC,
        };
        file.extend(trailer.to_bytes());
        prop_assert!(Open::new(file.len() as u64).over(&file).is_err());
        prop_assert!(Open::new(manifest.len() as u64).over(&manifest).is_err());
    }
}
