//! Snapshots written and read back, whole and broken.

use faissil_core::bytes::{Reading, Span, slice};
use faissil_core::snapshot::{
    Attachments, Check, CheckAll, ChunkKind, Digest, FindMark, Found, Ids, Layout, Metadata, Open, Owner,
};
use faissil_tests::snapshots::{Wanted, counted, extract, noise, open, wanted, write};

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
