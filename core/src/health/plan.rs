//! What of an index can be looked at, and what that costs: decided from the outline alone.

use super::codes::Fields;
use super::cost::{rows_cost, sizes_cost, tables_len};
use super::graph::{HELD, Hnsw, Kind, MOST_NODES, Nsg, READ_AGAIN};
use super::sample::{Coverage, Options};
use super::scalar;
use super::section::{Part, Planned, Work};
use crate::bytes::Span;
use crate::describe::metric_name;
use crate::files::{Files, read_through};
use crate::ids::{IdPlace, place};
use crate::limits::MAX_TABLES;
use crate::outline::{Array, Dtype, Family, Outline, Record, Value, join};
use crate::report::grouped;
use crate::vectors::{Stored, codes_of, find_floats};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// Lists, graphs and codes that are looked at; a file can hold thousands of small ones.
const MOST_PARTS: usize = 64;

/// Everything that can be looked at in this index, in the order of the file: lists, graphs and codes of every index inside,
/// then the vectors and the ids of the whole.
pub fn plan<'a>(outline: &'a Outline, files: Files, options: &Options) -> Vec<Planned<'a>> {
    let mut out = Vec::new();
    records(&outline.root, "", &mut |record, path| {
        if out.len() < MOST_PARTS {
            out.extend(lists(record, path, files));
            out.extend(graph(record, path));
            out.extend(codes(record, path, files, options));
        }
    });
    out.extend(vectors(outline, files, options));
    out.extend(ids(outline, files));
    out
}

/// Call `see` with each index inside and its path, outermost first.
fn records<'a>(record: &'a Record, path: &str, see: &mut impl FnMut(&'a Record, &str)) {
    if matches!(record.family, Family::Index | Family::BinaryIndex) {
        see(record, path);
    }
    for child in record.children() {
        records(child, &join(path, &child.role), see);
    }
}

fn planned<'a>(
    part: Part,
    record: &Record,
    path: &str,
    coverage: Coverage,
    cost: (u64, u64),
    work: Work<'a>,
) -> Planned<'a> {
    let (bytes, bytes_most) = cost;
    Planned { part, path: path.to_owned(), class: record.class, coverage, bytes, bytes_most, omitted: None, work }
}

fn omitted<'a>(part: Part, record: &Record, path: &str, unit: &'static str, of: u64, why: String) -> Planned<'a> {
    let coverage = Coverage::none(unit, of);
    Planned { omitted: Some(why), ..planned(part, record, path, coverage, (0, 0), Work::Nothing) }
}

fn lists<'a>(record: &'a Record, path: &str, files: Files) -> Option<Planned<'a>> {
    let lists = record.lists()?;
    let cost = sizes_cost(lists, files);
    let work = Work::Lists(lists, record.u64("nprobe"));
    Some(planned(Part::Lists, record, path, Coverage::complete("lists", lists.nlist), (cost, cost), work))
}

fn graph<'a>(record: &'a Record, path: &str) -> Option<Planned<'a>> {
    let nodes = record.u64("ntotal").unwrap_or(0);
    let number = |name: &str| match record.value(name) {
        Some(Value::I32(number)) => Some(i64::from(*number)),
        _ => None,
    };
    let span = |name: &str| record.array(name).map(|array| array.span);
    let (kind, once, links) = if let Some(neighbors) = span("hnsw.neighbors") {
        let graph = Hnsw {
            nodes,
            probas: span("hnsw.assign_probas")?,
            cum: span("hnsw.cum_nneighbor_per_level")?,
            levels: span("hnsw.levels")?,
            offsets: span("hnsw.offsets")?,
            neighbors,
            entry: number("hnsw.entry_point")?,
            max_level: number("hnsw.max_level")?,
            is_drawn: !matches!(record.value("base_level_only"), Some(Value::Bool(true))),
        };
        let levels = graph.cum.len >> 2;
        if levels > super::graph::MOST_LEVELS {
            let why = format!("{levels} levels are more than a graph can have");
            return Some(omitted(Part::Graph, record, path, "nodes", nodes, why));
        }
        // Levels are read twice, the offset between two blocks too; blocks have at least one node.
        let tables = graph.probas.len.saturating_add(graph.cum.len);
        let per_node = graph.levels.len.saturating_mul(2).saturating_add(graph.offsets.len.saturating_mul(2));
        (Kind::Hnsw(graph), tables.saturating_add(per_node).saturating_add(neighbors.len), neighbors.len)
    } else {
        let graph = span("nsg.graph")?;
        let degree = record.u64("nsg.R")?;
        if degree >= 1 << 16 {
            let why = format!("{degree} links of one node are more than are read");
            return Some(omitted(Part::Graph, record, path, "nodes", nodes, why));
        }
        (
            Kind::Nsg(Nsg { nodes, degree, graph, entry: number("nsg.enterpoint")? }),
            graph.len,
            nodes.saturating_mul(degree.saturating_mul(4)),
        )
    };
    // Links that are kept take at most what they have room for.
    let is_once = nodes > MOST_NODES || links.saturating_add(nodes.saturating_mul(4)) <= HELD;
    let most = if is_once { once } else { once.saturating_mul(READ_AGAIN.saturating_add(1)) };
    Some(planned(Part::Graph, record, path, Coverage::complete("nodes", nodes), (once, most), Work::Graph(kind)))
}

fn vectors<'a>(outline: &'a Outline, files: Files, options: &Options) -> Option<Planned<'a>> {
    let of = outline.root.u64("ntotal").unwrap_or(0);
    let omit =
        |record: &Record, why: String| Some(omitted(Part::Vectors, record, &path_of(outline, record), "rows", of, why));
    let stored = match find_floats(outline) {
        Ok(stored) => stored,
        Err(not) => {
            let all = outline.records();
            let record = all.iter().find(|record| record.span.start == not.at && record.class == not.class)?;
            return omit(record, not.reason);
        }
    };
    let tables = tables_len(&stored);
    if tables > MAX_TABLES {
        let why = format!(
            "its codes decode with {} bytes that are read first, more than {}",
            grouped(tables),
            grouped(MAX_TABLES)
        );
        return omit(stored.record, why);
    }
    let rows = options.choose(stored.rows, stored.row_bytes);
    let (cost, coverage) = (rows_cost(&stored, &rows, files), rows.coverage);
    let metric = outline.root.u64("metric_type").and_then(|metric| i64::try_from(metric).ok());
    let metric = metric.and_then(metric_name).map(String::from);
    let (record, path) = (stored.record, path_of(outline, stored.record));
    Some(planned(Part::Vectors, record, &path, coverage, cost, Work::Vectors(stored, rows, metric)))
}

fn path_of(outline: &Outline, wanted: &Record) -> String {
    fn search(record: &Record, path: &str, wanted: &Record) -> Option<String> {
        if core::ptr::eq(record, wanted) {
            return Some(path.to_owned());
        }
        record.children().find_map(|child| search(child, &join(path, &child.role), wanted))
    }
    search(&outline.root, "", wanted).unwrap_or_default()
}

fn ids<'a>(outline: &'a Outline, files: Files) -> Option<Planned<'a>> {
    let place = place(outline);
    let (record, cost) = match place {
        IdPlace::None => return None,
        IdPlace::Unfollowed(why) => {
            let of = why.record.u64("ntotal").unwrap_or(0);
            return Some(omitted(Part::Ids, why.record, &path_of(outline, why.record), "rows", of, why.sentence()));
        }
        IdPlace::Map { record, array } => (record, (array.span.len, array.span.len)),
        IdPlace::Lists { record, lists, .. } => {
            let (ids, sizes) = (lists.balance.total.saturating_mul(8), sizes_cost(lists, files));
            let most = read_through(lists, Span::new(lists.span.start, 1)).map_or(ids, |all| all.len.max(ids));
            (record, (ids.saturating_add(sizes), most.saturating_add(sizes)))
        }
    };
    let coverage = Coverage::complete("rows", place.count().unwrap_or(0));
    Some(planned(Part::Ids, record, &path_of(outline, record), coverage, cost, Work::Ids(place)))
}

/// The codes that a record stores, if it stores any that are not plain floats.
fn codes<'a>(record: &'a Record, path: &str, files: Files, options: &Options) -> Option<Planned<'a>> {
    let holds = record.lists().is_some() || record.array("codes").is_some() || record.array("xb").is_some();
    // Of a coarse quantizer codes are the centroids: too few to say anything.
    if !holds || is_plain(record) || record.role.starts_with("quantizer") {
        return None;
    }
    let of = record.lists().map_or_else(|| record.u64("ntotal").unwrap_or(0), |lists| lists.balance.total);
    let omit = |why: String| Some(omitted(Part::Codes, record, path, "rows", of, why));
    if record.u64("code_size") == Some(0) && record.value("sq.qtype_name").is_some() {
        return omit("no byte of a vector is stored".into());
    }
    let stored = match codes_of(record) {
        Ok(stored) => stored,
        Err(not) => return omit(not.reason),
    };
    if stored.rows == 0 {
        return omit("there are no codes".into());
    }
    let rows = options.choose(stored.rows, stored.row_bytes);
    let (cost, coverage) = (rows_cost(&stored, &rows, files), rows.coverage);
    let rows_read = coverage.looked_at;
    let all = |work: Work<'a>| Some(planned(Part::Codes, record, path, coverage, cost, work));
    if let Some(Value::Text(qtype)) = record.value("sq.qtype_name") {
        let fits = |bits: u32| stored.d.checked_mul(bits.into()).is_some_and(|all| all.div_ceil(8) <= stored.row_bytes);
        return match scalar::bits_of(qtype).filter(|&bits| fits(bits)) {
            Some(bits) => all(Work::Scalar(stored, rows, qtype, bits)),
            None => omit(format!("{qtype} codes are no parts of a range, of which the use could be counted")),
        };
    }
    let Some(fields) = fields(record, &stored) else {
        return omit(format!("how {} uses its codes is not counted", record.class));
    };
    match fields.refusal(rows_read) {
        None => all(Work::Codes(stored, rows, fields)),
        Some(why) => omit(why),
    }
}

/// Whether a record stores plain floats.
fn is_plain(record: &Record) -> bool {
    let is_floats = |array: &Array| array.dtype == Dtype::F32;
    record.class.starts_with("IndexFlat")
        || record.class.starts_with("IndexIVFFlat")
        || record.array("codes").is_some_and(is_floats)
}

/// How a row's code is made up, for the types of which that is known.
fn fields(record: &Record, stored: &Stored<'_>) -> Option<Fields> {
    let code_size = stored.row_bytes;
    let bits = |bits: u64| u32::try_from(bits).ok().filter(|&bits| bits <= 24);
    // No more numbers than the code has bits for: a count is a claim.
    let fits =
        |count: u64, place: u32| count.checked_mul(place.max(1).into()).is_some_and(|all| all.div_ceil(8) <= code_size);
    let many = |count: u64, bits: (u32, u32)| {
        (count <= 1 << 16 && fits(count, bits.1)).then(|| (0..count).map(|_| bits).collect::<Vec<_>>())
    };
    let one_bit = |count: u64| Some(Fields { kind: "bits", code_size, skip: 0, bits: many(count, (1, 1))? });
    match record.class {
        "IndexPQ" | "IndexPQFastScan" | "IndexIVFPQ" | "IndexIVFPQFastScan" | "IndexIVFPQR" | "Index2Layer" => {
            let (m, nbits) = (record.u64("pq.M")?, bits(record.u64("pq.nbits")?)?);
            let skip = record.u64("code_size_1").unwrap_or(0);
            // Before FAISS 1.5.2 each code took whole bytes.
            let whole = if nbits <= 8 { 8 } else { 16 };
            let packed = m.saturating_mul(nbits.into()).div_ceil(8);
            let is_old = code_size.saturating_sub(skip) != packed
                && code_size.saturating_sub(skip) == m.saturating_mul(whole / 8);
            let place = if is_old { u32::try_from(whole).unwrap_or(8) } else { nbits };
            Some(Fields { kind: "product", code_size, skip, bits: many(m, (nbits, place))? })
        }
        "IndexLSH" => one_bit(record.u64("nbits")?),
        "IndexBinaryFlat" | "IndexBinaryIVF" => one_bit(record.u64("d")?),
        _ => {
            let names = ["rq.nbits", "lsq.nbits", "prq.nbits", "plsq.nbits"];
            let Value::Many(all) = names.iter().find_map(|name| record.value(name))? else { return None };
            let each = all.iter().map(|value| bits(value.as_u64()?).map(|bits| (bits, bits)));
            Some(Fields { kind: "additive", code_size, skip: 0, bits: each.collect::<Option<Vec<_>>>()? })
        }
    }
}
