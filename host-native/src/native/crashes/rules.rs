//! The longer rules of the table: each says whether a record is of the kind.

use super::{has_tag, i64_of, is_false, is_last, len, stores};
use faissil_core::outline::{Item, Record};

/// More than any search asks for; a heap of so many takes 200 MB.
const PLACES: i64 = 1 << 24;

/// Of residual quantizers: the tables of their codebooks are computed on reading, unless `train_type` says not to.
pub(super) fn codebooks(record: &Record) -> bool {
    const SKIP_CODEBOOK_TABLES: i64 = 2048;
    let tables = record.items.iter().any(|item| match item {
        Item::Field(field) if is_last(&field.name, "train_type") => {
            i64_of(record, &field.name).is_some_and(|kind| kind & SKIP_CODEBOOK_TABLES == 0)
        }
        _ => false,
    });
    let filled =
        |item: &Item| matches!(item, Item::Array(array) if is_last(&array.name, "codebooks") && !array.span.is_empty());
    // The oldest layout is read without them.
    tables && !has_tag(record, &[b"IxRQ"]) && !record.items.iter().any(filled)
}

/// Graphs reconstruct vectors of such a storage, to measure L2 distances: `Index2Layer` by its coarse centroids, `IndexIVFPQ` by its direct map.
pub(super) fn two_levels(record: &Record) -> bool {
    let Some(storage) = record.child("storage").filter(|_| has_tag(record, &[b"IHN2"])) else { return false };
    // `Index::get_distance_computer` knows no other metric.
    if storage.u64("metric_type") != Some(1) {
        return true;
    }
    if stores(record, &[b"Ix2L"]) {
        let centroids =
            storage.child("q1.quantizer").or_else(|| storage.child("quantizer")).and_then(|q| q.u64("ntotal"));
        return storage.u64("q1.nlist") != centroids;
    }
    storage.u64("ntotal") != Some(0) && i64_of(storage, "direct_map.type") != Some(1)
}

/// -1 where there is no node.
pub(super) fn entry_point(record: &Record) -> bool {
    let nodes = len(record, "hnsw.levels");
    i64_of(record, "hnsw.entry_point")
        .is_some_and(|entry| entry != -1 && !u64::try_from(entry).is_ok_and(|e| e < nodes))
}

/// Links of level `l` lie between the sums `l` and `l + 1`.
pub(super) fn max_level(record: &Record) -> bool {
    let sums = len(record, "hnsw.cum_nneighbor_per_level");
    i64_of(record, "hnsw.max_level").and_then(|level| u64::try_from(level).ok()).is_some_and(|level| level + 2 > sums)
}

pub(super) fn nsg_entry_point(record: &Record) -> bool {
    let nodes = i64_of(record, "nsg.ntotal").filter(|_| !is_false(record, "nsg.is_built"));
    nodes.zip(i64_of(record, "nsg.enterpoint")).is_some_and(|(nodes, entry)| !(0..nodes).contains(&entry))
}

pub(super) fn nsg_candidates(record: &Record) -> bool {
    let nodes = i64_of(record, "nsg.ntotal").filter(|nodes| *nodes > 0 && !is_false(record, "nsg.is_built"));
    nodes.zip(i64_of(record, "nsg.search_L")).is_some_and(|(nodes, candidates)| candidates > nodes)
}

/// Of CAGRA graphs: random nodes to begin at.
pub(super) fn base_level(record: &Record) -> bool {
    let many = i64_of(record, "num_base_level_search_entrypoints").filter(|_| !is_false(record, "base_level_only"));
    many.is_some_and(|many| !(1..=PLACES).contains(&many))
}

/// Float IVF indexes look at no more lists than they have; binary ones make room for `nprobe` of them.
pub(super) fn places(record: &Record) -> bool {
    let above = |name| i64_of(record, name).is_some_and(|places| places > PLACES);
    let lists = has_tag(record, &[b"IBwF"]) && record.u64("nprobe") > record.u64("nlist");
    above("hnsw.efSearch") || (lists && above("nprobe"))
}

/// Vectors and queries are handed on as they are.
pub(super) fn dimensions(record: &Record) -> bool {
    let Some(d) = record.u64("d") else { return false };
    let inner = record.child("index_ivf");
    // An independent quantizer has a transform, or none, in front of the lists only.
    let transformed = record.child("vt").map_or(Some(d), |transform| transform.u64("d_out"));
    if inner.is_some_and(|inner| inner.u64("d") != transformed) {
        return true;
    }
    let is_ivf = record.u64("nlist").is_some() || inner.is_some();
    let same = |role: &str| match role {
        "quantizer" => is_ivf,
        "index" => has_tag(record, &[b"IxMp", b"IxM2", b"IBMp", b"IBM2", b"IBFf", b"IRMf", b"IRMh"]),
        "base_index" | "refine_index" | "storage" => true,
        _ => false,
    };
    record.children().any(|child| same(&child.role) && child.u64("d").is_some_and(|inner| inner != d))
}

/// `MetricType.h` of 1.12.0. The distances of others are nowhere to be found, which is said in a parallel region.
pub(super) fn metric(record: &Record) -> bool {
    i64_of(record, "metric_type").is_some_and(|metric| !matches!(metric, 0..=4 | 20..=25))
}

/// Types 0, 1 and 6 have a range for each dimension, 2 and 3 one for all, the others need none.
pub(super) fn scalar(record: &Record) -> bool {
    let Some(kind) = i64_of(record, "sq.qtype") else { return false };
    let needed = match kind {
        0 | 1 | 6 => record.u64("sq.d").map_or(0, |d| d.saturating_mul(2)),
        2 | 3 => 2,
        4 | 5 | 7 | 8 => 0,
        _ => return true,
    };
    !is_false(record, "is_trained") && len(record, "sq.trained") < needed
}

/// Thresholds are one for all, or one a list and bit.
pub(super) fn spectral(record: &Record) -> bool {
    let Some((transform, bits)) = record.child("vt").zip(record.u64("nbit")) else { return false };
    let needed = match i64_of(record, "threshold_type") {
        Some(0) => 0,
        Some(1..=3) => record.u64("nlist").map_or(0, |lists| lists.saturating_mul(bits)),
        _ => return true,
    };
    let trained = !is_false(record, "is_trained");
    let fits = transform.u64("d_in") == record.u64("d") && transform.u64("d_out") == Some(bits);
    trained && (!fits || is_false(transform, "is_trained") || len(record, "trained") < needed)
}

/// Ids are row numbers in what is inside of an id map or a refinement, and list numbers in a coarse quantizer.
pub(super) fn ids(record: &Record) -> bool {
    let has_own_ids = |role: &str| {
        record
            .child(role)
            .map(behind_transforms)
            .is_some_and(|inner| is_id_map(inner) && inner.u64("ntotal") != Some(0))
    };
    let more = |role: &str, most: Option<u64>| {
        record.child(role).and_then(|inner| inner.u64("ntotal")).zip(most).is_some_and(|(ntotal, most)| ntotal > most)
    };
    let lists = record.u64("nlist").or_else(|| record.child("index_ivf")?.u64("nlist"));
    let refine = record.child("refine_index").and_then(|refine| refine.u64("ntotal"));
    is_id_map(record) && has_own_ids("index")
        || has_own_ids("base_index")
        || has_own_ids("quantizer")
        || more("base_index", refine)
        || more("quantizer", lists)
}

/// What answers for an index: itself, or what is behind its transforms.
fn behind_transforms(mut record: &Record) -> &Record {
    while let Some(inner) = record.child("index").filter(|_| has_tag(record, &[b"IxPT"])) {
        record = inner;
    }
    record
}

/// FAISS keeps both the same; a quantizer is asked for as many centroids as the one in front counts, and answers with the numbers of the other.
pub(super) fn transformed(record: &Record) -> bool {
    has_tag(record, &[b"IxPT"])
        && record.child("index").is_some_and(|inner| {
            let rows = inner.u64("ntotal");
            rows.is_some() && rows != record.u64("ntotal")
        })
}

pub(super) fn is_id_map(record: &Record) -> bool {
    has_tag(record, &[b"IxMp", b"IxM2", b"IBMp", b"IBM2"])
}

/// What comes in is handed on as it is.
pub(super) fn itq(record: &Record) -> bool {
    let Some(inner) = record.child("pca_then_itq").filter(|_| !is_false(record, "is_trained")) else { return false };
    let same = |name| inner.u64(name) == record.u64(name);
    !same("d_in") || !same("d_out") || is_false(inner, "is_trained")
}

/// `ZnSphereCodec` takes a power of two of dimensions a part, and sums all ways to make its radius.
pub(super) fn lattice(record: &Record) -> bool {
    if !has_tag(record, &[b"IxLa"]) {
        return false;
    }
    let (parts, d) = (record.u64("nsq").unwrap_or(0), record.u64("d").unwrap_or(0));
    let each = d.checked_div(parts).unwrap_or(0);
    let radius = record.u64("zn_sphere_codec.r2").unwrap_or(0);
    each.checked_mul(parts) != Some(d) || !each.is_power_of_two() || each < 2 || !(1..=4096).contains(&radius)
}

/// Codes of 4 bits in blocks of a multiple of 32 vectors, the parts rounded up to an even number.
pub(super) fn fast_scan(record: &Record) -> bool {
    let Some((blocks, even)) = i64_of(record, "bbs").zip(record.u64("M2")) else { return false };
    let parts = record.u64("M").or_else(|| record.u64("pq.M")).unwrap_or(0);
    let entries = record.u64("ksub").unwrap_or(16);
    let codes = |padded: u64| padded.checked_mul(even).is_some_and(|bytes| bytes / 2 <= len(record, "codes"));
    if record.u64("ntotal2").is_some_and(|padded| !codes(padded)) {
        return true;
    }
    // An additive quantizer, and two parts for the norm where there is one.
    let quantizer = ["rq.M", "lsq.M", "prq.M", "plsq.M"].iter().find_map(|name| record.u64(name));
    if quantizer.is_some_and(|of_codes| parts != of_codes && parts.checked_sub(2) != Some(of_codes)) {
        return true;
    }
    let queries = i64_of(record, "qbs").unwrap_or(0);
    queries < 0
        || blocks <= 0
        || blocks % 32 != 0
        || parts == 0
        || entries != 16
        || parts.checked_add(parts % 2) != Some(even)
}
