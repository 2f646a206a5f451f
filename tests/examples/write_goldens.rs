//! Writes the golden snapshots of version 1, those that do not exist yet: they are never written again.
//!
//! `cargo run -p faissil-tests --example write_goldens`

use faissil_core::Reading;
use faissil_core::bytes::{Step, slice};
use faissil_core::codec::{Holds, Level, Width};
use faissil_core::cut::Cuts;
use faissil_core::describe;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, IdStream, Summariser, place};
use faissil_core::outline::Outline;
use faissil_core::snapshot::{
    CodedChunk, Digest, Entry, Ids, Layout, Parts, Producer, TreeBody, Writer, hash_sealed, sealed_span,
};
use faissil_core::standin::StandIn;
use faissil_tests::snapshots::noise;

/// What a golden has beside its stream.
#[derive(Default)]
struct Extras {
    metadata: &'static [(&'static str, &'static str)],
    attachments: &'static [(&'static str, &'static str, &'static [u8])],
    /// Attachments of one chunk, which are what is said of them.
    coded: Vec<(&'static str, Holds, Vec<u8>)>,
    id_index: bool,
    list_sizes: bool,
}

/// Long enough for a section body in the blocks.
const LONG: &str = match core::str::from_utf8(&[b'x'; 5000]) {
    Ok(text) => text,
    Err(_) => "",
};

fn main() {
    let kept = |name: &str| std::fs::read(faissil_tests::root().join("fixtures/faiss/1.15.1").join(name)).unwrap();
    let full = Extras {
        metadata: &[("author", "Faissil"), ("note", "ä, with a line\nbreak"), ("long", LONG)],
        attachments: &[
            ("names.txt", "text/plain", b"zero\none\ntwo\n"),
            ("empty", "", b""),
            ("card.json", "application/json", b"{}"),
        ],
        id_index: true,
        list_sizes: true,
        ..Extras::default()
    };
    let of_codecs = Extras { coded: of_codecs(), ..Extras::default() };
    let with_ids = Extras { id_index: true, ..Extras::default() };
    put("sealed_flat", Layout::Sealed, &kept("flat_l2.faiss"), &Extras::default());
    put("packed_flat", Layout::Packed, &kept("flat_l2.faiss"), &Extras::default());
    put("sealed_full", Layout::Sealed, &kept("ivf_flat_ids.faiss"), &full);
    put("packed_full", Layout::Packed, &kept("ivf_flat_ids.faiss"), &full);
    // An outline that is too long for the manifest.
    put("sealed_parts", Layout::Sealed, &nested(40), &Extras::default());
    // 36 KB: several sealed chunks, and lookup pages of two storeys.
    put("sealed_storeys", Layout::Sealed, &stand_in(3000), &with_ids);
    put("packed_storeys", Layout::Packed, &stand_in(3000), &with_ids);
    // Every form of codecs 2 to 5.
    put("packed_codecs", Layout::Packed, &stand_in(1), &of_codecs);
}

/// Bytes for each form of codecs 2 to 5.
fn of_codecs() -> Vec<(&'static str, Holds, Vec<u8>)> {
    let unit = |n: u64| f64::from(u32::try_from(n & 0xFFFF).unwrap()) / 65536.0;
    let pairs =
        noise(16_000, 1).chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap())).collect::<Vec<_>>();
    let floats: Vec<f64> =
        pairs.iter().map(|&n| (unit(n) - 0.5) * unit(n >> 16) * 0.2 * (1.0 + unit(n >> 32))).collect();
    let narrow = |low: u32| -> Vec<u8> {
        let mut odd = [0.0, -0.0, f32::INFINITY, f32::MIN_POSITIVE / 3.0, f32::from_bits(0xFFC1_2345)];
        let floats = floats.iter().map(|&float| f32::from_bits((float as f32).to_bits() >> low << low));
        odd.reverse();
        floats.chain(odd).flat_map(f32::to_le_bytes).collect()
    };
    let wide = floats.iter().flat_map(|float| float.to_le_bytes()).chain([1, 2, 3]).collect();
    let sorted = pairs.iter().scan(5u64, |id, n| {
        *id += n & 0x3FF;
        Some(*id)
    });
    let levels = pairs.iter().map(|n| (n & 0xFFF).leading_zeros().saturating_sub(51) as i32);
    let rows = pairs.iter().flat_map(|n| [(n & 15) as u8, (n >> 8) as u8, (n >> 16).trailing_zeros() as u8, 200]);
    let slots = pairs.iter().take(800).flat_map(|&n| {
        let links = 3 + (n & 7) as usize;
        (0..16).map(move |slot| if slot < links { (n >> (slot * 4)) as i32 & 0xFFFF } else { -1 })
    });
    // List n has every id that is dealt to it; the last is out of order in the second.
    let lists = |code: &dyn Fn(usize) -> Vec<u8>, reversed: bool| -> (Vec<u64>, Vec<u8>) {
        let mut lists: Vec<Vec<u64>> = vec![Vec::new(); 9];
        (0..).zip(&pairs).for_each(|(id, n)| lists[(n & 7) as usize].push(id));
        if reversed {
            lists[7].reverse();
        }
        let bytes = lists.iter().flat_map(|ids| {
            let codes = ids.iter().flat_map(|&id| code(id as usize));
            codes.chain(ids.iter().flat_map(|id| id.to_le_bytes())).collect::<Vec<_>>()
        });
        (lists.iter().map(|list| list.len() as u64).collect(), bytes.collect())
    };
    let plain = lists(&|row| noise(3, row as u64), false);
    let uneven = lists(&|row| vec![(pairs[row] & 15) as u8, 7], true);
    let vectors = lists(
        &|row| {
            floats[row..][..4.min(floats.len() - row)]
                .iter()
                .chain([&0.1; 4])
                .take(4)
                .flat_map(|float| (*float as f32).to_le_bytes())
                .collect()
        },
        false,
    );
    let of = |code_size, (sizes, bytes): (Vec<u64>, Vec<u8>)| (Holds::Lists { code_size, sizes }, bytes);
    let ((a, a_bytes), (b, b_bytes), (c, c_bytes)) = (of(3, plain), of(2, uneven), of(16, vectors));
    vec![
        ("float32", Holds::Floats(Width::W4), narrow(0)),
        ("bfloat16", Holds::Floats(Width::W4), narrow(16)),
        ("float64", Holds::Floats(Width::W8), wide),
        ("sorted", Holds::Integers(Width::W8), sorted.flat_map(u64::to_le_bytes).collect()),
        ("levels", Holds::Integers(Width::W4), levels.flat_map(i32::to_le_bytes).collect()),
        ("columns", Holds::Rows(4), rows.chain([9]).collect()),
        ("links", Holds::Integers(Width::W4), slots.flat_map(i32::to_le_bytes).collect()),
        ("lists", a, a_bytes),
        ("lists_columns", b, b_bytes),
        ("lists_floats", c, c_bytes),
    ]
}

/// Rows of one float, with ids of both signs, some of them twice.
fn stand_in(rows: u64) -> Vec<u8> {
    let vectors = (0..rows).map(|row| (row as f32 * 0.25).to_le_bytes().to_vec());
    let ids = (0..rows as i64).map(|row| ExternalId((row * 7919) % 2900 - 1000));
    let pieces = StandIn::new(1, 1, 0.0, rows).unwrap().pieces(vectors, ids);
    pieces.flat_map(|piece| piece.unwrap()).collect()
}

/// A stand-in stream of one row inside this many id maps.
fn nested(storeys: usize) -> Vec<u8> {
    const HEADER: usize = 37;
    let mut stream = stand_in(1);
    for _ in 0..storeys {
        let mut outer = stream[..HEADER].to_vec();
        outer.extend_from_slice(&stream);
        outer.extend_from_slice(&1u64.to_le_bytes());
        outer.extend_from_slice(&7i64.to_le_bytes());
        stream = outer;
    }
    stream
}

fn put(name: &str, layout: Layout, stream: &[u8], extras: &Extras) {
    let path = faissil_tests::root().join("fixtures/snapshot/v1").join(name).with_extension("faissil");
    if path.exists() {
        println!("{name} is there");
        return;
    }
    let outline = faissil_core::faiss::outline(stream).unwrap();
    assert_eq!(outline.fault, None);
    let mut file = Vec::new();
    let mut writer = match layout {
        Layout::Sealed => {
            file.extend_from_slice(stream);
            sealed(stream)
        }
        Layout::Packed => packed(stream, &outline),
    };
    for (name, media_type, bytes) in extras.attachments {
        writer.begin_attachment(name, media_type).unwrap();
        for piece in bytes.chunks(1 << 20) {
            writer.push_chunk(&CodedChunk::pack(Level::Balanced, &Holds::Anything, piece).unwrap()).unwrap();
        }
        writer.end_attachment(Digest::of(bytes)).unwrap();
    }
    for (name, holds, bytes) in &extras.coded {
        let chunk = CodedChunk::pack(Level::Balanced, holds, bytes).unwrap();
        println!("{name}: {} of {} bytes by {}", chunk.stored.len(), bytes.len(), chunk.coding.name());
        writer.begin_attachment(name, "application/octet-stream").unwrap();
        writer.push_chunk(&chunk).unwrap();
        writer.end_attachment(Digest::of(bytes)).unwrap();
    }
    let ids = ids(stream, &outline);
    if let (true, Some((_, rows))) = (extras.id_index, &ids) {
        let mut sorted = rows.clone();
        sorted.sort();
        writer.begin_ids(sorted.len() as u64).unwrap();
        sorted.iter().for_each(|(id, row)| writer.push_id(*id, *row).unwrap());
        writer.end_ids().unwrap();
    }
    if extras.list_sizes {
        list_sizes(stream, &outline, &mut writer);
    }
    let floor = describe::floor(&outline).version;
    let entry = |key: &str, value: &str| Entry { key: key.into(), value: value.into() };
    let parts = Parts {
        faiss_min: (floor.0.into(), floor.1.into(), floor.2.into()),
        metadata: extras.metadata.iter().map(|(key, value)| entry(key, value)).collect(),
        producer: Some(Producer { name: "faissil".into(), version: "0.1.0".into() }),
        ids: ids.map(|(ids, _)| ids),
        tree: Some(tree(&outline)),
        ..Parts::default()
    };
    file.extend(writer.take());
    let finished = writer.finish(parts).unwrap();
    file.extend(finished.bytes);
    file.extend(finished.trailer);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, &file).unwrap();
    println!("    (\"{name}\", \"{}\", \"{}\"),", finished.digest, finished.stream_digest);
}

/// The outline with the facts that Faissil records.
fn tree(outline: &Outline) -> TreeBody {
    let root = &outline.root;
    let entry = |key: &str, value: String| Entry { key: key.into(), value };
    let number = |name: &str| root.u64(name).unwrap().to_string();
    let facts = vec![
        entry("class", root.class.into()),
        entry("d", number("d")),
        entry("ntotal", number("ntotal")),
        entry("is_trained", (root.u64("is_trained") == Some(1)).to_string()),
        entry("memory_bytes", describe::memory(root).bytes.to_string()),
    ];
    TreeBody::new(outline, describe::description(root).text, facts)
}

fn sealed(stream: &[u8]) -> Writer {
    let mut writer = Writer::sealed(stream.len() as u64, Some(14)).unwrap();
    for number in 0..writer.sealed_chunks() {
        let span = sealed_span(stream.len() as u64, writer.chunk_log2(), number);
        writer.push_sealed(hash_sealed(span.start, slice(stream, span))).unwrap();
    }
    writer.end_sealed().unwrap();
    writer
}

fn packed(stream: &[u8], outline: &Outline) -> Writer {
    let mut writer = Writer::packed(stream.len() as u64).unwrap();
    let mut cuts = Cuts::new(outline);
    while let Some(cut) = next(&mut cuts, stream) {
        writer.push_chunk(&CodedChunk::pack(Level::Balanced, &cut.holds, slice(stream, cut.span)).unwrap()).unwrap();
    }
    writer.end_packed(Digest::of(stream)).unwrap();
    writer
}

fn ids(stream: &[u8], outline: &Outline) -> Option<(Ids, Vec<(i64, u64)>)> {
    let place = place(outline);
    place.count()?;
    let mut rows = Vec::new();
    let mut summary = Summariser::new(false);
    let mut reading = IdStream::all(&place, Files::only(stream.len() as u64));
    while let Some(batch) = next(&mut reading, stream) {
        for (id, row) in batch.ids.iter().zip(batch.row.0..) {
            summary.push(*id);
            rows.push((id.0, row));
        }
    }
    let summary = summary.finish(None);
    let ids = Ids {
        count: summary.count,
        kind: u8::try_from(summary.kind.number()).unwrap(),
        min: summary.min.map_or(0, |id| id.0),
        max: summary.max.map_or(0, |id| id.0),
        start: summary.step.and(summary.first).map_or(0, |id| id.0),
        stride: summary.step.unwrap_or(0),
        duplicates: summary.duplicates,
        lookup: None,
    };
    Some((ids, rows))
}

fn list_sizes(stream: &[u8], outline: &Outline, writer: &mut Writer) {
    for (number, (_, lists)) in faissil_core::snapshot::lists_of(outline).into_iter().enumerate() {
        let mut walk = lists.walk(stream.len() as u64, 0);
        let mut sizes = vec![0; lists.nlist as usize];
        loop {
            match walk.step().unwrap() {
                Step::Done(Some(list)) => sizes[list.number as usize] = list.size,
                Step::Done(None) => break,
                Step::Need(span) => walk.bring(span.start, slice(stream, span)),
            }
        }
        writer.begin_sizes(number).unwrap();
        sizes.iter().for_each(|size| writer.push_size(*size).unwrap());
        writer.end_sizes().unwrap();
    }
}

/// What a reading that is done again and again comes to next.
fn next<T, R: Reading<Output = Option<T>>>(reading: &mut R, file: &[u8]) -> Option<T> {
    loop {
        match reading.step().unwrap() {
            Step::Done(out) => return out,
            Step::Need(span) => reading.bring(span.start, slice(file, span)),
        }
    }
}
