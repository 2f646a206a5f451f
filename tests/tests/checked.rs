//! Chunks as a store: every byte as it was, each chunk checked once, and little read besides.

use faissil::store::{Counting, Decoded, Store};
use faissil_core::{
    Reading, Span,
    bytes::slice,
    snapshot::{Attachments, Layout},
};
use faissil_tests::snapshots::{Wanted, noise, open, wanted, write};

#[test]
fn reads_side_by_side_fetch_each_chunk_once() {
    let wanted = Wanted { stream: noise(3 << 20, 5), chunk: 20_000, ..Wanted::default() };
    for layout in [Layout::Sealed, Layout::Packed] {
        let (file, _) = write(&wanted, layout);
        let (snapshot, file) = (open(&file), Counting::new(file));
        let decoded = Decoded::stream(&snapshot, &file);
        let (mut at, mut found) = (0, Vec::new());
        while at < decoded.len() {
            let span = Span::between(at, decoded.len().min(at + 7001));
            found.extend(decoded.read(span).unwrap());
            at = span.end();
        }
        assert!(found == wanted.stream);
        let table = file.bytes() - (3 << 20);
        assert!(table < 64 << 10, "{layout:?}: {table} bytes of tables, looked up once a page");
        assert!(decoded.read(Span::new((3 << 20) - 1, 2)).is_err());
    }
}

#[test]
fn rows_from_all_over_cost_a_chunk_only_once() {
    // 24 MiB do not stay in memory.
    let wanted = Wanted { stream: noise(24 << 20, 6), ..Wanted::default() };
    let (file, _) = write(&wanted, Layout::Sealed);
    let (snapshot, file) = (open(&file), Counting::new(file));
    let decoded = Decoded::stream(&snapshot, &file);
    let places = || (0..6000u64).map(|number| Span::new(number * 2_654_435_761 % ((24 << 20) - 100), 100));
    for _ in 0..2 {
        for span in places() {
            assert!(decoded.read(span).unwrap() == slice(&wanted.stream, span));
        }
    }
    assert!(file.bytes() < 28 << 20, "{} bytes were read", file.bytes());
}

#[test]
fn a_damaged_chunk_is_refused_every_time_and_no_other() {
    let wanted = Wanted { stream: noise(200_000, 7), ..Wanted::default() };
    let (mut file, _) = write(&wanted, Layout::Sealed);
    let snapshot = open(&file);
    file[20_000] ^= 1;
    let decoded = Decoded::stream(&snapshot, &file);
    for _ in 0..2 {
        for span in [Span::new(30_000, 1), Span::new(16_383, 2), Span::new(0, 200_000)] {
            let error = decoded.read(span).unwrap_err().to_string();
            assert!(
                error.starts_with("damaged at byte 16384 while reading bytes 16384..32768 of the stream, chunk 1: "),
                "{error}"
            );
        }
        assert!(decoded.read(Span::new(0, 16_384)).is_ok() && decoded.read(Span::new(32_768, 9)).is_ok());
    }
}

#[test]
fn attachments_are_found_by_their_own_tables() {
    let wanted = wanted(50_000);
    let (file, _) = write(&wanted, Layout::Sealed);
    let snapshot = open(&file);
    let attachments = snapshot.body::<Attachments>().over(&file).unwrap().unwrap().attachments;
    for ((number, attachment), (name, bytes)) in (0..).zip(attachments).zip(&wanted.attachments) {
        assert_eq!(&attachment.name, name);
        let decoded = Decoded::attachment(&snapshot, number, attachment, &file);
        assert!(decoded.read(Span::new(0, bytes.len() as u64)).unwrap() == *bytes);
        assert!(decoded.chunk_at(decoded.len()).is_err());
    }
}
