//! The lowest FAISS release that reads a stream, and what in it asks for that release.
//!
//! Every record asks for the release that first read its tag (the table of [`crate::faiss`]), and some values for
//! a later one (`RULES`): a release that follows the bytes but knows no meaning for a value (an unknown metric,
//! a new kind of scalar quantizer) does not count as reading it. Read from FAISS's git tags 1.2.1 to 1.15.1;
//! 1.2.1 is the oldest tag, so it stands for "that or earlier".
//!
//! A few layouts were written by one release and read by no later one: [`Floor::only`].

use crate::faiss::{Version, find};
use crate::outline::{Family, Item, Outline, Record, join};
use alloc::{
    format,
    string::{String, ToString},
};

/// The lowest FAISS release that reads a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// The release.
    pub version: Version,
    /// What asks for it: ``pq.nbits is 4``, ``tag `IwPf` ``.
    pub reason: String,
    /// Path of the field or record that asks, empty for the outermost record.
    pub path: String,
    /// The byte where it stands.
    pub at: u64,
    /// Whether no later release reads the stream: the layout lived for one release.
    pub only: bool,
}

/// The lowest release that reads everything in the outline; of several reasons the first in the file.
///
/// An outline that stops early gives the floor of what it holds.
pub fn floor(outline: &Outline) -> Floor {
    let mut found = Floor {
        version: Version(1, 2, 1),
        reason: outline.root.tag.map_or_else(String::new, |tag| format!("tag `{tag}`")),
        path: String::new(),
        at: outline.root.span.start,
        only: false,
    };
    raise(&outline.root, "", &mut found);
    found
}

/// A field name, the values that ask for a release, and that release.
struct Rule {
    /// The field's whole name, or its end from a dot on: `.search_type` is that of additive quantizers.
    name: &'static str,
    /// Whether a value asks for it.
    asks: fn(u64) -> bool,
    /// The release.
    since: Version,
}

const fn rule(name: &'static str, asks: fn(u64) -> bool, since: Version) -> Rule {
    Rule { name, asks, since }
}

/// Values that ask for a release later than their tag does.
const RULES: &[Rule] = &[
    // MetricType.h. 25 is GOWER; in 1.9.0 to 1.11.0 it was ABS_INNER_PRODUCT (a note says so).
    rule("metric_type", |metric| metric > 1, Version(1, 5, 3)),
    rule("metric_type", |metric| metric == 23, Version(1, 7, 4)),
    rule("metric_type", |metric| metric == 24, Version(1, 9, 0)),
    rule("metric_type", |metric| metric >= 25, Version(1, 12, 0)),
    // ScalarQuantizer.h, `QuantizerType`.
    rule("sq.qtype", |qtype| qtype == 4, Version(1, 3, 0)),
    rule("sq.qtype", |qtype| qtype == 5, Version(1, 5, 1)),
    rule("sq.qtype", |qtype| qtype == 6, Version(1, 5, 2)),
    rule("sq.qtype", |qtype| matches!(qtype, 7 | 8), Version(1, 9, 0)),
    rule("sq.qtype", |qtype| (9..=14).contains(&qtype), Version(1, 14, 2)),
    rule("sq.qtype", |qtype| (15..=18).contains(&qtype), Version(1, 14, 3)),
    rule("sq.qtype", |qtype| qtype >= 19, Version(1, 15, 0)),
    // ProductQuantizer: codes took whole bytes for each part before.
    rule("pq.nbits", |bits| bits != 8 && bits != 16, Version(1, 5, 2)),
    // DirectMap.h: 2 is a hash table, whose pairs follow.
    rule("direct_map.type", |kind| kind == 2, Version(1, 6, 2)),
    // AdditiveQuantizer.h, `Search_type_t`: `norm_lsq2x4` and `norm_rq2x4`, whose tables follow.
    rule(".search_type", |kind| matches!(kind, 8 | 9), Version(1, 7, 3)),
];

fn raise(record: &Record, path: &str, found: &mut Floor) {
    if let Some(entry) = record.tag.and_then(find) {
        let null =
            if entry.family == Family::Index && super::is_null(record) { "an index that is not there" } else { "" };
        let reason = if null.is_empty() { format!("tag `{}`", entry.tag) } else { null.to_string() };
        ask(found, entry.since, reason, path, record.span.start);
    }
    for item in &record.items {
        match item {
            Item::Field(field) => {
                let Some(value) = field.value.as_u64() else { continue };
                let named = |rule: &&Rule| {
                    *field.name == *rule.name || rule.name.starts_with('.') && field.name.ends_with(rule.name)
                };
                for rule in RULES.iter().filter(named).filter(|rule| (rule.asks)(value)) {
                    ask(
                        found,
                        rule.since,
                        format!("{} is {value}", field.name),
                        &join(path, &field.name),
                        field.span.start,
                    );
                }
            }
            Item::Record(child) => raise(child, &join(path, &child.role), found),
            Item::Array(_) | Item::Lists(_) => {}
        }
    }
    if let Some((version, reason, only)) = layouts(record) {
        ask(found, version, reason.to_string(), path, record.span.start);
        found.only |= only;
    }
}

fn ask(found: &mut Floor, version: Version, reason: String, path: &str, at: u64) {
    if version > found.version {
        *found = Floor { version, reason, path: path.into(), at, only: found.only };
    }
}

/// Releases that the layout of a record asks for, whatever its tag says, and whether only that one reads it.
fn layouts(record: &Record) -> Option<(Version, &'static str, bool)> {
    let tag = record.tag?;
    match &tag.0 {
        // Before, the second index had to be an `IndexFlat`.
        b"IxRF" => record
            .child("refine_index")
            .filter(|second| !second.class.starts_with("IndexFlat"))
            .map(|_| (Version(1, 7, 0), "refine_index is not an IndexFlat", false)),
        // 1.7.1 wrote `rq.d`, ..., `rq.codebooks` with the codebooks last; later ones as `IxRq` does.
        b"ImRQ" if record.value("rq.search_type").is_none() => {
            Some((Version(1, 7, 1), "`ImRQ` in the layout of 1.7.1", true))
        }
        b"ImRQ" => Some((Version(1, 7, 2), "`ImRQ` in the layout since 1.7.2", false)),
        // Three layouts; 1.14 reads the last.
        b"Irfs" | b"Iwrf" if record.field("rabitq.nb_bits").is_some() => {
            Some((Version(1, 13, 2), "rabitq.nb_bits is stored", false))
        }
        b"Irfs" | b"Iwrf" => match factor_bytes(record) {
            Some(8) => Some((Version(1, 13, 0), "factors of 8 bytes", true)),
            Some(12) => Some((Version(1, 13, 1), "factors of 12 bytes", true)),
            _ => None,
        },
        b"ISVD" | b"ILVQ" | b"ISVL" if record.field("is_static").is_some() => {
            Some((Version(1, 14, 3), "is_static is stored", false))
        }
        _ => None,
    }
}

/// Bytes of one of RaBitQ's factors.
fn factor_bytes(record: &Record) -> Option<u64> {
    let factors = record.array("factors_storage")?;
    factors.span.len.checked_div(*factors.shape.first()?)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{index, outline, with};
    use super::*;

    fn needs(root: Record) -> (String, String, String) {
        let floor = floor(&outline(root));
        (floor.version.to_string(), floor.reason, floor.path)
    }

    #[test]
    fn the_latest_demand_counts_with_its_place() {
        let sq = |qtype| index(b"IxSQ", "IndexScalarQuantizer", &[("sq.qtype", qtype)]);
        let map = |qtype| with(index(b"IxMp", "IndexIDMap", &[]), "index", sq(qtype));
        assert_eq!(needs(map(0)), ("1.2.1".into(), "tag `IxMp`".into(), String::new()));
        assert_eq!(needs(map(7)), ("1.9.0".into(), "sq.qtype is 7".into(), "index.sq.qtype".into()));
        assert_eq!(needs(map(20)), ("1.15.0".into(), "sq.qtype is 20".into(), "index.sq.qtype".into()));
    }

    #[test]
    fn layouts_that_lived_for_one_release_say_so() {
        let old = index(b"ImRQ", "ResidualCoarseQuantizer", &[]);
        assert!(floor(&outline(old)).only);
        let new = index(b"ImRQ", "ResidualCoarseQuantizer", &[("rq.search_type", 0)]);
        assert_eq!(needs(new.clone()).0, "1.7.2");
        assert!(!floor(&outline(new)).only);
    }

    #[test]
    fn a_search_type_of_a_product_quantizer_is_another_thing() {
        let pq = index(b"IxPq", "IndexPQ", &[("search_type", 8)]);
        assert_eq!(needs(pq).0, "1.2.1");
        let rq = index(b"IxRq", "IndexResidualQuantizer", &[("rq.search_type", 8)]);
        assert_eq!(needs(rq).0, "1.7.3");
    }
}
