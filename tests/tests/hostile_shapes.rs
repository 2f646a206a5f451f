//! Files that are large or deep in ways no index is: the work must stay in proportion to the bytes.

use faissil_core::error::Kind;
use faissil_tests::counting::{Counting, peak};
use faissil_tests::examine::{allowed, examine};

#[global_allocator]
static MEMORY: Counting = Counting;

/// Bytes of a FAISS stream, put together.
#[derive(Default, Clone)]
struct Stream(Vec<u8>);

impl Stream {
    fn tag(mut self, tag: &[u8; 4]) -> Stream {
        self.0.extend(tag);
        self
    }

    fn i32(mut self, value: i32) -> Stream {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Stream {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn byte(mut self, value: u8) -> Stream {
        self.0.push(value);
        self
    }

    fn header(self, ntotal: u64) -> Stream {
        self.i32(4).u64(ntotal).u64(1 << 20).u64(1 << 20).byte(1).i32(1)
    }

    fn flat(self, ntotal: u64) -> Stream {
        let mut stream = self.tag(b"IxF2").header(ntotal).u64(ntotal * 4);
        stream.0.resize(stream.0.len() + ntotal as usize * 16, 0);
        stream
    }

    /// An IVF index up to its inverted lists.
    fn ivf(nlist: u64, ntotal: u64) -> Stream {
        Stream::default().tag(b"IwFl").header(ntotal).u64(nlist).u64(1).flat(nlist).byte(0).u64(0)
    }

    /// What is wrong with it, within the memory that its length allows.
    fn fault(&self) -> Option<faissil_core::Error> {
        let (fault, held) = peak(|| examine(&self.0));
        assert!(held <= allowed(self.0.len()), "held {held} bytes for {}", self.0.len());
        fault
    }
}

fn limit(stream: &Stream) -> (&'static str, u64) {
    match stream.fault().expect("it is over a limit").kind.clone() {
        Kind::Limit { what, limit, .. } => (what, limit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ten_thousand_id_maps_around_each_other_end_at_faiss_s_own_depth() {
    let nested = (0..10_000).fold(Stream::default(), |stream, _| stream.tag(b"IxMp").header(3)).flat(3);
    assert_eq!(limit(&nested).1, 50);
}

#[test]
fn transforms_by_the_ten_thousand_end_at_the_limit_of_records() {
    let count = 100_000;
    let chain = Stream::default().tag(b"IxPT").header(3).i32(count);
    let chain = (0..count).fold(chain, |stream, _| stream.tag(b"VNrm").i32(0).i32(4).i32(4).byte(1));
    let fault = chain.flat(3).fault();
    assert!(matches!(fault.expect("there are too many").kind, Kind::Limit { .. } | Kind::Invalid { .. }));
}

#[test]
fn a_hundred_thousand_lists_cost_their_sizes_only() {
    let nlist = 100_000;
    let lists = Stream::ivf(nlist, nlist).tag(b"ilar").u64(nlist).u64(16).tag(b"full").u64(nlist);
    let mut lists = (0..nlist).fold(lists, |stream, _| stream.u64(1));
    lists.0.resize(lists.0.len() + 24 * nlist as usize, 0);
    let (fault, held) = peak(|| examine(&lists.0));
    assert_eq!(fault, None);
    assert!(held < 4 << 20, "held {held} bytes");
}

#[test]
fn empty_lists_by_the_million_are_walked_once() {
    let nlist = 1_000_000;
    let sparse = Stream::default().tag(b"IwFl").header(0).u64(nlist).u64(1).flat(0).byte(0).u64(0);
    let sparse = sparse.tag(b"ilar").u64(nlist).u64(16).tag(b"sprs").u64(0);
    sparse.fault();
}
