//! Streams that must not be given to some releases of FAISS, because reading or searching them ends the process.
//!
//! An exception of FAISS becomes an error; a crash cannot. So what is known to crash is refused before FAISS sees it. Each row was
//! found by reading a file of that kind with that release in a child process; the tests do so again for every index file of the
//! corpus, so a crash that is not in the table shows.

use faissil_core::{
    faiss::Version,
    outline::{Item, Outline, Record, Value},
};

mod rules;

/// A kind of stream that some releases crash on.
struct Crash {
    /// Which records.
    is: fn(&Record) -> bool,
    /// What those are, for people.
    what: &'static str,
    /// The first release known to crash, and the first that does not: it takes the stream, or refuses it with an exception.
    from: Version,
    until: Option<Version>,
}

const fn crash(what: &'static str, is: fn(&Record) -> bool) -> Crash {
    Crash { is, what, from: Version(1, 12, 0), until: Some(Version(1, 14, 2)) }
}

/// Every release up to 1.15.0, the newest that was looked at.
const fn always(what: &'static str, is: fn(&Record) -> bool) -> Crash {
    Crash { is, what, from: Version(1, 12, 0), until: None }
}

/// What is known. Places are those of 1.12.0; newer releases check most of it when they read (`impl/index_read.cpp`) and
/// catch what is thrown in parallel regions. In these a throw ends the process of 1.12.0, and so does a lack of memory.
const CRASHES: &[Crash] = &[
    // What FAISS itself writes. Reading multiplies codebooks that are not there (`ResidualQuantizer::compute_codebook_tables`).
    crash("a residual quantizer without codebooks", rules::codebooks),
    // Searching follows a null pointer (`IndexIVF::search_preassigned`).
    crash("an IVF index without inverted lists", |record| has_tag(record, &[b"il00"])),
    // Searching throws in a parallel region (`NSG::search`, `NNDescent::search`).
    crash("a graph that is not built", |record| {
        is_false(record, "nsg.is_built") || is_false(record, "nndescent.has_built")
    }),
    // What nobody writes, though it is whole and consistent. All classes but the graphs follow a null pointer.
    crash("an index around one that is not there", |record| {
        let looks_first = |child: &Record| child.role == "storage" && !is_true(record, "base_level_only");
        record.children().any(|child| has_tag(child, &[b"null"]) && !looks_first(child))
    }),
    // The storage is cast to the class that it should have (`read_index`, `IndexHNSW2Level::search`).
    crash("an HNSW of product codes over another storage", |record| {
        has_tag(record, &[b"IHNp"]) && !stores(record, &[b"IxPQ", b"IxPo", b"IxPq"])
    }),
    crash("a two-level HNSW over another storage", |record| {
        has_tag(record, &[b"IHN2"]) && !stores(record, &[b"Ix2L", b"IwPQ", b"IvPQ", b"IwQR", b"IvQR"])
    }),
    crash("a two-level HNSW whose storage cannot give single vectors back", rules::two_levels),
    // A search starts at a node that is not there, or follows links of a level that is not there (`HNSW::search`).
    crash("an HNSW whose entry point is no node", rules::entry_point),
    crash("an HNSW whose highest level has no place for links", rules::max_level),
    crash("an NSG whose entry point is no node", rules::nsg_entry_point),
    // `NSG::search_on_graph` collects `search_L` different nodes before it looks at one; `gen_random` of `NNDescent.cpp` divides
    // by the number of nodes that are left.
    always("an NSG with an nsg.search_L above its number of nodes", rules::nsg_candidates),
    always("an NNDescent with an nndescent.search_L that is not below its number of nodes", |record| {
        let nodes = i64_of(record, "nndescent.ntotal").filter(|_| !is_false(record, "nndescent.has_built"));
        nodes.zip(i64_of(record, "nndescent.search_L")).is_some_and(|(nodes, candidates)| candidates >= nodes)
    }),
    crash("an HNSW that begins at no node or at too many", rules::base_level),
    // Room for so many for each query or thread.
    crash("a search parameter that asks for more places than FAISS finds memory for", rules::places),
    // `FlipEnumerator` looks for so many bits among fewer, and does not end (`IndexBinaryHash.cpp`).
    crash("a hash with an nflip that is not within its bits", |record| {
        let flips = i64_of(record, "nflip").zip(i64_of(record, "b"));
        flips.is_some_and(|(flips, bits)| !(0..=bits).contains(&flips))
    }),
    // Division by zero (`ProductQuantizer::set_derived_values`).
    crash("a product quantizer of no parts", |record| {
        record.items.iter().any(|item| {
            matches!(item, Item::Field(field) if is_last(&field.name, "pq.M") && field.value.as_u64() == Some(0))
        })
    }),
    crash("a product quantizer of other dimensions than its index", |record| {
        record.u64("pq.d").zip(record.u64("d")).is_some_and(|(of_pq, d)| of_pq != d)
    }),
    crash("an index of other dimensions than the one in it", rules::dimensions),
    crash("a metric that FAISS does not have", rules::metric),
    crash("a scalar quantizer that is not trained, or of a type that FAISS does not have", rules::scalar),
    crash("a search_type that FAISS does not have", |record| {
        record.items.iter().any(|item| {
            let Item::Field(field) = item else { return false };
            field.name.ends_with("q.search_type")
                && !i64_of(record, &field.name).is_some_and(|kind| (0..=9).contains(&kind))
        })
    }),
    crash("a direct_map.type that FAISS does not have", |record| {
        i64_of(record, "direct_map.type").is_some_and(|kind| !(0..=2).contains(&kind))
    }),
    // `ArrayInvertedLists` of size 2^64-1, which stands for codes in blocks.
    crash("array inverted lists without a code size", |record| {
        has_tag(record, &[b"ilar"]) && record.u64("code_size") == Some(u64::MAX)
    }),
    crash("an LSH that trains thresholds and has none", |record| {
        is_true(record, "train_thresholds")
            && !is_false(record, "is_trained")
            && record.u64("nbits").is_some_and(|bits| len(record, "thresholds") < bits)
    }),
    crash("a RaBitQ of a metric that it does not have", |record| {
        i64_of(record, "rabitq.metric_type").is_some_and(|metric| !(0..=1).contains(&metric))
    }),
    crash(
        "a residual coarse quantizer with a beam_factor that is neither negative nor 1 or more",
        |record| matches!(record.field("beam_factor"), Some(Value::F32(factor)) if !(*factor < 0.0 || *factor >= 1.0)),
    ),
    crash("a spectral hash whose transform or thresholds are not of its bits", rules::spectral),
    crash("an ITQ transform of other dimensions than the one in it", rules::itq),
    crash("a quantizer that is not trained, in an index that is", |record| {
        let untrained = |item: &Item| matches!(item, Item::Field(field) if field.name.ends_with("q.is_trained") && is_false(record, &field.name));
        !is_false(record, "is_trained") && record.items.iter().any(untrained)
    }),
    // What an index inside answers is taken for the number of a list or a row.
    crash("an index that takes the ids of one inside for rows or lists that it does not have", rules::ids),
    crash("transforms that count other rows than the index behind them", rules::transformed),
    crash("a refinement that cannot measure single vectors", |record| {
        record.child("refine_index").is_some_and(|refine| rules::is_id_map(refine) || refine.u64("nlist").is_some())
    }),
    // Its codes are not written, and searched all the same.
    always("a lattice index that counts vectors", |record| {
        has_tag(record, &[b"IxLa"]) && record.u64("ntotal").is_some_and(|ntotal| ntotal > 0)
    }),
    crash("a lattice of no shape that FAISS has", rules::lattice),
    // Loops of the kernels are counted in blocks (`impl/pq4_fast_scan.cpp`).
    crash("a fast-scan index whose blocks are of no size that FAISS has", rules::fast_scan),
];

fn has_tag(record: &Record, tags: &[&[u8; 4]]) -> bool {
    record.tag.is_some_and(|tag| tags.contains(&&tag.0))
}

fn stores(record: &Record, tags: &[&[u8; 4]]) -> bool {
    record.child("storage").is_some_and(|storage| has_tag(storage, tags))
}

fn is_false(record: &Record, name: &str) -> bool {
    matches!(record.field(name), Some(Value::Bool(false)))
}

fn is_true(record: &Record, name: &str) -> bool {
    matches!(record.field(name), Some(Value::Bool(true)))
}

/// Whether a dotted name is `last`, or ends so.
fn is_last(name: &str, last: &str) -> bool {
    name.strip_suffix(last).is_some_and(|before| before.is_empty() || before.ends_with(['.', '_']))
}

/// Elements of an array; 0 where there is none.
fn len(record: &Record, array: &str) -> u64 {
    record.array(array).map_or(0, |array| array.shape.iter().product())
}

/// A field, as a number with a sign.
fn i64_of(record: &Record, name: &str) -> Option<i64> {
    match record.field(name)? {
        Value::I32(value) => Some((*value).into()),
        Value::I8(value) => Some((*value).into()),
        value => value.as_u64().map(|value| i64::try_from(value).unwrap_or(i64::MAX)),
    }
}

/// A row that applies: the place and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownCrash {
    /// The byte where the record starts.
    pub(super) at: u64,
    /// Path of the record; empty for the outermost.
    pub(super) path: String,
    /// What is there.
    pub(super) what: &'static str,
    /// The first release that survives it, where one does.
    pub(super) until: Option<Version>,
}

/// Whether this release of FAISS is known to crash on the stream.
pub(super) fn find(outline: &Outline, linked: Version) -> Option<KnownCrash> {
    find_in(&outline.root, "", linked)
}

/// A number of results that a search must not ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotFor {
    /// More than the nodes of an NSG, which would be looked for for ever.
    Above(u64),
    /// As many as the nodes of an NNDescent or more, where FAISS divides by what is left of them.
    From(u64),
    /// More than the cells of a `MultiIndexQuantizer`, whose heap runs empty.
    Cells(u64),
}

impl NotFor {
    /// What the graph of an index, itself or inside of id maps and transforms, does not survive.
    pub(super) fn of(outline: &Outline) -> Option<NotFor> {
        let mut record = &outline.root;
        loop {
            let nodes = |name| record.u64(name);
            if let Some(nodes) = nodes("nsg.ntotal") {
                return Some(NotFor::Above(nodes));
            }
            if let Some(nodes) = nodes("nndescent.ntotal") {
                return Some(NotFor::From(nodes));
            }
            if record.class == "MultiIndexQuantizer" {
                return nodes("ntotal").map(NotFor::Cells);
            }
            record = record.child("index")?;
        }
    }

    /// Why a search must not ask for `k`.
    pub(super) fn refusal(self, k: usize) -> Option<String> {
        match self {
            NotFor::Above(nodes) if k as u64 > nodes => {
                Some(format!("k is {k}: FAISS looks for ever for more than the {nodes} nodes that this NSG has"))
            }
            NotFor::Cells(cells) if k as u64 > cells => Some(format!(
                "k is {k}: FAISS ends the process when a MultiIndexQuantizer is asked for more than its {cells} cells"
            )),
            NotFor::From(nodes) if k as u64 >= nodes => Some(format!(
                "k is {k}: FAISS ends the process unless it is less than the {nodes} nodes of this NNDescent"
            )),
            _ => None,
        }
    }
}

fn find_in(record: &Record, path: &str, linked: Version) -> Option<KnownCrash> {
    let hit = CRASHES
        .iter()
        .find(|crash| crash.from <= linked && crash.until.is_none_or(|until| linked < until) && (crash.is)(record));
    if let Some(crash) = hit {
        return Some(KnownCrash { at: record.span.start, path: path.into(), what: crash.what, until: crash.until });
    }
    record.children().find_map(|child| find_in(child, &faissil_core::outline::join(path, &child.role), linked))
}
