//! Snapshots for tests: one call from what is wanted in them to the bytes of the file.

use faissil_core::bytes::{Reading, Step, slice};
use faissil_core::snapshot::{
    Attachments, CodedChunk, Digest, Entry, Finished, Ids, Layout, Open, Owner, Parts, Producer, Snapshot, Writer,
    hash_sealed, id_kind, sealed_span,
};

/// Bytes that look like nothing, always the same for one seed.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// What goes into a snapshot.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The stream.
    pub stream: Vec<u8>,
    /// Names and bytes of the attachments.
    pub attachments: Vec<(String, Vec<u8>)>,
    /// Ids and their rows for a lookup, ascending.
    pub ids: Option<Vec<(i64, u64)>>,
    /// Sizes of the lists of the first inverted lists of the outline.
    pub sizes: Option<Vec<u64>>,
    /// The rest; with `ids` its `ids` are made from them.
    pub parts: Parts,
    /// Bytes in a coded chunk.
    pub chunk: usize,
}

/// A snapshot with a bit of everything around a stream of `len` bytes that no FAISS has written.
pub fn wanted(len: usize) -> Wanted {
    let entry = |key: &str, value: &str| Entry { key: key.into(), value: value.into() };
    Wanted {
        stream: noise(len, len as u64),
        attachments: vec![("a.txt".into(), noise(3000, 1)), ("empty".into(), vec![]), ("ü".into(), vec![7; 100_000])],
        ids: Some((0..5000).map(|row| (row as i64 / 2 - 900, row)).collect()),
        sizes: None,
        parts: Parts {
            faiss_min: (1, 6, 0),
            metadata: vec![entry("model", "MiniLM"), entry("author", "nobody")],
            producer: Some(Producer { name: "test".into(), version: "1".into() }),
            ..Parts::default()
        },
        chunk: 10_000,
    }
}

/// The file, sealed chunks being 16 KiB.
///
/// # Panics
/// When the writer refuses.
pub fn write(wanted: &Wanted, layout: Layout) -> (Vec<u8>, Finished) {
    let len = wanted.stream.len() as u64;
    let mut file = Vec::new();
    let mut writer = match layout {
        Layout::Sealed => {
            file.extend(&wanted.stream);
            let mut writer = Writer::sealed(len, Some(14)).unwrap();
            for number in 0..writer.sealed_chunks() {
                let span = sealed_span(len, writer.chunk_log2(), number);
                writer.push_sealed(hash_sealed(span.start, slice(&wanted.stream, span))).unwrap();
            }
            assert_eq!(writer.end_sealed().unwrap(), Digest::of(&wanted.stream));
            writer
        }
        Layout::Packed => {
            let mut writer = Writer::packed(len).unwrap();
            for piece in wanted.stream.chunks(wanted.chunk.max(1)) {
                writer.push_chunk(&CodedChunk::pack(Default::default(), &Default::default(), piece).unwrap()).unwrap();
                file.extend(writer.take());
            }
            writer.end_packed(Digest::of(&wanted.stream)).unwrap();
            writer
        }
    };
    for (name, bytes) in &wanted.attachments {
        writer.begin_attachment(name, "text/plain").unwrap();
        for piece in bytes.chunks(wanted.chunk.max(1)) {
            writer.push_chunk(&CodedChunk::raw(piece).unwrap()).unwrap();
            file.extend(writer.take());
        }
        writer.end_attachment(Digest::of(bytes)).unwrap();
    }
    let mut parts = wanted.parts.clone();
    if let Some(ids) = &wanted.ids {
        writer.begin_ids(ids.len() as u64).unwrap();
        ids.iter().for_each(|(id, row)| writer.push_id(*id, *row).unwrap());
        writer.end_ids().unwrap();
        parts.ids.get_or_insert_with(|| summary(ids));
    }
    if let Some(sizes) = &wanted.sizes {
        writer.begin_sizes(0).unwrap();
        sizes.iter().for_each(|size| writer.push_size(*size).unwrap());
        writer.end_sizes().unwrap();
    }
    file.extend(writer.take());
    assert_eq!(writer.position(), file.len() as u64);
    let finished = writer.finish(parts).unwrap();
    file.extend(&finished.bytes);
    file.extend(&finished.trailer);
    assert_eq!(finished.file_len, file.len() as u64);
    (file, finished)
}

/// The summary of ids that ascend.
pub fn summary(ids: &[(i64, u64)]) -> Ids {
    Ids {
        count: ids.len() as u64,
        kind: id_kind::ARBITRARY,
        min: ids.first().map_or(0, |entry| entry.0),
        max: ids.last().map_or(0, |entry| entry.0),
        start: 0,
        stride: 0,
        duplicates: Some(ids.windows(2).filter(|pair| pair[0].0 == pair[1].0).count() as u64),
        lookup: None,
    }
}

/// The snapshot in a file that must be good.
///
/// # Panics
/// When it is not.
pub fn open(file: &[u8]) -> Snapshot {
    Open::new(file.len() as u64).over(file).unwrap()
}

/// Step a reading over a file until it is done, counting its requests and the bytes brought.
///
/// # Panics
/// When the reading fails.
pub fn counted<R: Reading>(reading: &mut R, file: &[u8]) -> (R::Output, usize, u64) {
    let (mut requests, mut bytes) = (0, 0);
    loop {
        match reading.step().unwrap() {
            Step::Done(out) => return (out, requests, bytes),
            Step::Need(span) => {
                requests += 1;
                bytes += span.len;
                reading.bring(span.start, slice(file, span));
            }
        }
    }
}

/// All bytes of an owner, by its chunk table, each chunk checked.
///
/// # Panics
/// When anything is wrong with them.
pub fn extract(snapshot: &Snapshot, file: &[u8], owner: Owner) -> Vec<u8> {
    let mut walk = match owner {
        Owner::Stream => snapshot.walk_chunks(),
        Owner::Attachment(number) => {
            let attachments = snapshot.body::<Attachments>().over(file).unwrap().unwrap();
            snapshot.walk_attachment(number, &attachments.attachments[number as usize])
        }
    };
    let mut out = Vec::new();
    while let (Some(chunks), ..) = counted(&mut walk, file) {
        for chunk in chunks {
            assert_eq!((chunk.owner, chunk.logical.start), (owner, out.len() as u64));
            out.extend_from_slice(&chunk.check(slice(file, chunk.stored)).unwrap());
        }
    }
    out
}
