//! FAISS's factory string of an index: the text from which `faiss.index_factory` makes its like.
//!
//! The grammar is that of `index_factory.cpp` and, for binary indexes, of `index_binary_factory` (FAISS
//! 1.15). Where it has two spellings, ours is the one that comes first there or is shorter: `PQ8` and not
//! `PQ8x8`, `HNSW32` and not `HNSW32,Flat`, `RFlat`, id maps in front, `_` behind `HNSW32`.
//!
//! The string stands for the classes and for the sizes that a factory string can carry. What none can
//! carry (the metric, `nprobe`, `efSearch`, `by_residual` of most kinds) is not in it. `OPQ` is
//! inferred: FAISS stores an `OPQMatrix` as a plain `LinearTransform`; one without bias in front of
//! a product quantizer is taken for an OPQ with that quantizer's `M`, as factories make them.
//!
//! An index that no factory string makes is described in the same manner, with class names and
//! parentheses for what is missing from the grammar, and [`Description::factory`] is `None`.

mod code;
mod ivf;
mod transform;

use crate::outline::{Family, Record, Value};
use crate::text::holds;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use code::{code, residual_bits};
use ivf::{binary_ivf, ivf, two_layer};
use transform::transform;

/// What an index is, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The line: the factory string, or the nearest thing to it.
    pub text: String,
    /// The string that `faiss.index_factory` (`index_binary_factory` for binary indexes) accepts;
    /// `None` where no string makes these classes.
    pub factory: Option<String>,
}

/// The description of an index.
pub fn description(index: &Record) -> Description {
    let Piece { text, exact } = describe(index);
    Description { factory: exact.then(|| text.clone()), text }
}

/// FAISS's name of a metric number (`MetricType.h`), without `METRIC_`.
///
/// 25 was `ABS_INNER_PRODUCT` in FAISS 1.9 to 1.11 and is `GOWER` since 1.12.
pub fn metric_name(metric: i64) -> Option<&'static str> {
    Some(match metric {
        0 => "INNER_PRODUCT",
        1 => "L2",
        2 => "L1",
        3 => "Linf",
        4 => "Lp",
        20 => "Canberra",
        21 => "BrayCurtis",
        22 => "JensenShannon",
        23 => "Jaccard",
        24 => "NaNEuclidean",
        25 => "GOWER",
        _ => return None,
    })
}

/// A part of a description, and whether a factory would make exactly these classes from it.
struct Piece {
    text: String,
    exact: bool,
}

/// A piece that the factory understands.
fn exact(text: impl Into<String>) -> Piece {
    Piece { text: text.into(), exact: true }
}

/// A piece that only people understand.
fn loose(text: impl Into<String>) -> Piece {
    Piece { text: text.into(), exact: false }
}

impl Piece {
    /// The text changed, the exactness kept.
    fn map(self, change: impl FnOnce(String) -> String) -> Piece {
        Piece { text: change(self.text), exact: self.exact }
    }

    /// Exact only if `holds` too.
    fn only_if(self, holds: bool) -> Piece {
        Piece { exact: self.exact && holds, ..self }
    }
}

fn describe(index: &Record) -> Piece {
    match index.class {
        "IndexFlat" | "IndexFlatL2" | "IndexFlatIP" => exact("Flat"),
        "IndexFlatL2Panorama" => flat_panorama(index, "FlatL2Panorama"),
        "IndexFlatIPPanorama" => flat_panorama(index, "FlatIPPanorama"),
        "IndexLSH" => lsh(index),
        "IndexLattice" => match (index.u64("nsq"), index.u64("zn_sphere_codec.r2"), index.u64("scale_nbit")) {
            (Some(nsq), Some(r2), Some(nbit)) => exact(format!("ZnLattice{nsq}x{r2}_{nbit}")),
            _ => by_class(index),
        },
        "IndexIDMap" | "IndexBinaryIDMap" => wrapped(index, "IDMap,"),
        "IndexIDMap2" | "IndexBinaryIDMap2" => wrapped(index, "IDMap2,"),
        "IndexRowwiseMinMax" => scaled(index, "MinMax,"),
        "IndexRowwiseMinMaxFP16" => scaled(index, "MinMaxFP16,"),
        "IndexPreTransform" => pre_transform(index),
        "IndexRefine" | "IndexRefineFlat" | "IndexRefinePanorama" => refine(index),
        "Index2Layer" => two_layer(index),
        "IndexHNSWFlat" | "IndexHNSWFlatPanorama" | "IndexHNSWPQ" | "IndexHNSWSQ" | "IndexHNSW2Level" => hnsw(index),
        "IndexNSGFlat" | "IndexNSGPQ" | "IndexNSGSQ" => nsg(index),
        "ResidualCoarseQuantizer" => residual_bits(index, "rq").map(|bits| format!("RCQ{bits}")),
        "IndexBinaryFlat" => exact("BFlat"),
        "IndexBinaryIVF" => binary_ivf(index),
        "IndexBinaryHNSW" => number(index, "hnsw.M", |m| format!("BHNSW{m}")),
        "IndexBinaryHash" => number(index, "b", |b| format!("BHash{b}")),
        "IndexBinaryMultiHash" => {
            number(index, "nhash", |n| format!("BHash{n}")).and(number(index, "b", |b| format!("x{b}")))
        }
        class if class.starts_with("IndexIVF") => ivf(index),
        _ => code(index).unwrap_or_else(|| by_class(index)),
    }
}

impl Piece {
    /// This and then that.
    fn and(self, next: Piece) -> Piece {
        Piece { text: format!("{}{}", self.text, next.text), exact: self.exact && next.exact }
    }
}

/// A text made from a number of the record.
fn number(index: &Record, name: &str, text: impl FnOnce(u64) -> String) -> Piece {
    index.u64(name).map_or_else(|| loose("?"), |value| exact(text(value)))
}

/// The class name, and in parentheses what is inside: for what the grammar has no word for.
fn by_class(index: &Record) -> Piece {
    let inside =
        |child: &&Record| matches!(child.family, Family::Index | Family::BinaryIndex) && !super::is_null(child);
    let parts: Vec<String> = index.children().filter(inside).map(|child| describe(child).text).collect();
    loose(if parts.is_empty() { index.class.to_string() } else { format!("{}({})", index.class, parts.join("; ")) })
}

/// The index that plays a role inside.
fn inner(index: &Record, role: &str) -> Piece {
    match index.child(role) {
        Some(child) if !super::is_null(child) => describe(child).only_if(same_metric(index, child)),
        _ => loose("?"),
    }
}

/// A factory gives one metric to all indexes it makes; some kinds have L2 whatever is asked for.
fn same_metric(index: &Record, child: &Record) -> bool {
    index.value("metric_type").zip(child.value("metric_type")).is_none_or(|(a, b)| a == b)
        || index.family == Family::BinaryIndex
}

fn wrapped(index: &Record, prefix: &str) -> Piece {
    inner(index, "index").map(|text| format!("{prefix}{text}"))
}

/// `MinMax,`: a refined index inside cannot be said, `MinMax,PQ4,RFlat` refines the whole.
fn scaled(index: &Record, prefix: &str) -> Piece {
    within_prefix(index).map(|text| format!("{prefix}{text}"))
}

/// The index inside, where a refinement would be taken for one of the whole.
fn within_prefix(index: &Record) -> Piece {
    let piece = inner(index, "index");
    let mut below = index.child("index");
    while let Some(map) = below.filter(|below| below.class.starts_with("IndexIDMap")) {
        below = map.child("index");
    }
    let refined = below.is_some_and(|below| below.class.starts_with("IndexRefine"));
    if refined { loose(format!("({})", piece.text)) } else { piece }
}

fn flat_panorama(index: &Record, name: &str) -> Piece {
    match (index.u64("n_levels"), index.u64("batch_size")) {
        (Some(levels), Some(batch)) => exact(format!("{name}{levels}_{batch}")),
        _ => by_class(index),
    }
}

fn lsh(index: &Record) -> Piece {
    let bits = index.u64("nbits");
    let bits = if bits == index.u64("d") { String::new() } else { bits.map_or_else(String::new, |b| b.to_string()) };
    let rotate = if flag(index, "rotate_data") { "r" } else { "" };
    let train = if flag(index, "train_thresholds") { "t" } else { "" };
    exact(format!("LSH{bits}{rotate}{train}"))
}

fn flag(index: &Record, name: &str) -> bool {
    index.u64(name).is_some_and(|value| value != 0)
}

fn float(index: &Record, name: &str) -> Option<f32> {
    match index.value(name) {
        Some(Value::F32(value)) => Some(*value),
        _ => None,
    }
}

fn hnsw(index: &Record) -> Piece {
    let head = number(index, "hnsw.M", |m| format!("HNSW{m}"));
    let Some(storage) = index.child("storage").filter(|child| !super::is_null(child)) else {
        return head.and(loose("(null)"));
    };
    let fits = same_metric(index, storage);
    let code = match (index.class, storage.class) {
        ("IndexHNSWFlat", "IndexFlat" | "IndexFlatL2" | "IndexFlatIP") => exact(""),
        ("IndexHNSWFlatPanorama", _) => number(index, "num_panorama_levels", |levels| format!("_FlatPanorama{levels}")),
        ("IndexHNSWPQ", "IndexPQ") | ("IndexHNSWSQ", "IndexScalarQuantizer") => exact("_").and(describe(storage)),
        ("IndexHNSW2Level", "Index2Layer") => {
            let first = match storage.child("quantizer") {
                Some(q) if q.class == "MultiIndexQuantizer" => {
                    number(q, "pq.nbits", |bits| format!("_2x{bits}")).only_if(q.u64("pq.M") == Some(2))
                }
                _ => number(storage, "q1.nlist", |nlist| format!("_{nlist}")),
            };
            let eight = storage.u64("pq.nbits") == Some(8);
            first.and(number(storage, "pq.M", |m| format!("+PQ{m}"))).only_if(eight)
        }
        _ => describe(storage).map(|text| format!("({text})")).only_if(false),
    };
    head.and(code).only_if(fits)
}

fn nsg(index: &Record) -> Piece {
    let head = number(index, "nsg.R", |r| format!("NSG{r}"));
    let Some(storage) = index.child("storage") else { return head.and(loose("(null)")) };
    match storage.class {
        "IndexFlat" | "IndexFlatL2" | "IndexFlatIP" => head,
        "IndexPQ" | "IndexScalarQuantizer" => head.and(exact("_")).and(describe(storage)),
        _ => head.and(describe(storage).map(|text| format!("({text})"))).only_if(false),
    }
}

/// `PQ8,RFlat`, `PQ8,Refine(SQ8)`. An id map below a refinement is written behind, `PQ8,IDMap,RFlat`: in
/// front it would be taken for one of the whole.
fn refine(index: &Record) -> Piece {
    let base = match index.child("base_index") {
        Some(base) if !super::is_null(base) => maps_behind(base).only_if(same_metric(index, base)),
        _ => loose("?"),
    };
    if index.class == "IndexRefineFlat"
        && index.child("refine_index").is_some_and(|flat| flat.class != "IndexFlatL2Panorama")
    {
        return base.and(exact(",RFlat"));
    }
    let fine = inner(index, "refine_index");
    let panorama = index.class == "IndexRefinePanorama";
    // The factory looks for the last `,Refine(` of the string, and first for `,RefinePanorama(`.
    let clear = !holds(&fine.text, "Refine") && (panorama || !holds(&base.text, "RefinePanorama("));
    let word = if panorama { "RefinePanorama" } else { "Refine" };
    let fine = fine.map(|text| format!(",{word}({text})"));
    base.and(fine).only_if(clear)
}

/// An index with its id maps written behind it.
fn maps_behind(index: &Record) -> Piece {
    let map = match index.class {
        "IndexIDMap" => ",IDMap",
        "IndexIDMap2" => ",IDMap2",
        _ => return describe(index),
    };
    match index.child("index") {
        Some(inner) if !super::is_null(inner) => maps_behind(inner).only_if(same_metric(index, inner)).and(exact(map)),
        _ => loose(format!("?{map}")),
    }
}

fn pre_transform(index: &Record) -> Piece {
    let quantizer_m = index.child("index").and_then(product_m);
    let transforms = index.children().filter(|child| child.family == Family::Transform);
    let chain = transforms
        .map(|child| transform(child, quantizer_m))
        .fold(exact(""), |chain, next| chain.and(next.and(exact(","))));
    chain.and(within_prefix(index))
}

/// `M` of the product quantizer that an index ends in.
fn product_m(index: &Record) -> Option<u64> {
    index.u64("pq.M").or_else(|| product_m(index.child("index").or_else(|| index.child("base_index"))?))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{index, transform as vt, with};
    use super::*;

    /// Wrappers by number, around an index.
    fn wrap(kind: usize, inner: Record) -> Record {
        let sq = || index(b"IxSQ", "IndexScalarQuantizer", &[("sq.qtype", 0)]);
        let flat = || index(b"IxF2", "IndexFlatL2", &[]);
        let panorama = || index(b"IxFP", "IndexFlatL2Panorama", &[("n_levels", 4), ("batch_size", 64)]);
        let refined = || {
            let outer = with(index(b"IxRF", "IndexRefine", &[]), "base_index", flat());
            with(outer, "refine_index", sq())
        };
        let refine =
            |class, second| with(with(index(b"IxRF", class, &[]), "base_index", inner.clone()), "refine_index", second);
        match kind {
            0 => with(index(b"IxMp", "IndexIDMap", &[]), "index", inner),
            1 => with(index(b"IxM2", "IndexIDMap2", &[]), "index", inner),
            2 => with(index(b"IRMf", "IndexRowwiseMinMax", &[]), "index", inner),
            3 => {
                let norm = vt("NormalizationTransform", alloc::vec![("norm", Value::F32(2.0))]);
                with(with(index(b"IxPT", "IndexPreTransform", &[]), "chain[0]", norm), "index", inner)
            }
            4 => refine("IndexRefineFlat", flat()),
            5 => refine("IndexRefine", sq()),
            6 => refine("IndexRefine", refined()),
            _ => refine("IndexRefinePanorama", panorama()),
        }
    }

    /// How the wrappers nest, as the records say.
    fn nesting(index: &Record) -> String {
        let inner = |role: &str| nesting(index.child(role).unwrap());
        match index.class {
            "IndexIDMap" => format!("IDMap<{}>", inner("index")),
            "IndexIDMap2" => format!("IDMap2<{}>", inner("index")),
            "IndexRowwiseMinMax" => format!("MinMax<{}>", inner("index")),
            "IndexPreTransform" => format!("L2norm<{}>", inner("index")),
            "IndexRefineFlat" => format!("RFlat<{}>", inner("base_index")),
            "IndexRefine" => format!("Refine<{}; {}>", inner("base_index"), inner("refine_index")),
            "IndexRefinePanorama" => format!("RefinePanorama<{}; {}>", inner("base_index"), inner("refine_index")),
            _ => describe(index).text,
        }
    }

    /// How they nest as FAISS reads the string: `index_factory_sub` (`index_factory.cpp`, 1.15) in its order.
    fn parse(text: &str) -> String {
        for map in ["IDMap2", "IDMap"] {
            let behind = text.strip_suffix(map).and_then(|rest| rest.strip_suffix(','));
            let before = text.strip_prefix(map).and_then(|rest| rest.strip_prefix(','));
            if let Some(inner) = behind.or(before) {
                return format!("{map}<{}>", parse(inner));
            }
        }
        for word in ["RefinePanorama", "RFlat", "Refine"] {
            if word == "RFlat" {
                if let Some(base) = text.strip_suffix(",RFlat") {
                    return format!("RFlat<{}>", parse(base));
                }
            } else if let Some(inner) = text.strip_suffix(')')
                && let Some((base, second)) = inner.rsplit_once(&format!(",{word}("))
            {
                return format!("{word}<{}; {}>", parse(base), parse(second));
            }
        }
        for prefix in ["L2norm", "MinMax"] {
            if let Some(inner) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(',')) {
                return format!("{prefix}<{}>", parse(inner));
            }
        }
        text.into()
    }

    #[test]
    fn every_nesting_of_wrappers_is_read_back_as_it_is() {
        let mut said = 0;
        for number in 0..8 * 8 * 8 {
            let pq = index(b"IxPq", "IndexPQ", &[("pq.M", 4), ("pq.nbits", 8)]);
            let outer = [number / 64, number / 8 % 8, number % 8].into_iter().fold(pq, |inner, kind| wrap(kind, inner));
            let Description { text, factory } = description(&outer);
            if let Some(factory) = factory {
                assert_eq!(parse(&factory), nesting(&outer), "{text}");
                said += 1;
            }
        }
        // A refinement below a transform or MinMax, and refinements in refinements, have no string.
        assert!(said > 200, "only {said} of 512 nestings have a string");
    }

    #[test]
    fn what_no_factory_makes_is_described_all_the_same() {
        let flat = || index(b"IxF2", "IndexFlatL2", &[]);
        let says = |index: &Record| {
            let found = description(index);
            assert_eq!(found.factory, None);
            found.text
        };
        let uniform = index(b"IxSQ", "IndexScalarQuantizer", &[("sq.qtype", 2)]);
        assert_eq!(says(&uniform), "SQ8_uniform");
        assert_eq!(
            says(&with(index(b"INNf", "IndexNNDescentFlat", &[]), "storage", flat())),
            "IndexNNDescentFlat(Flat)"
        );
        let center = vt("CenteringTransform", Vec::new());
        let centered = with(with(index(b"IxPT", "IndexPreTransform", &[]), "chain[0]", center), "index", flat());
        assert_eq!(says(&centered), "CenteringTransform(16->16),Flat");
        let ivf = with(index(b"IwFl", "IndexIVFFlat", &[("nlist", 8)]), "quantizer", uniform);
        assert_eq!(says(&ivf), "IVF8(SQ8_uniform),Flat");
        let no_quantizer = index(b"IwFl", "IndexIVFFlat", &[("nlist", 8)]);
        assert_eq!(says(&no_quantizer), "IVF8(null),Flat");
    }

    #[test]
    fn sizes_that_a_string_implies_must_hold() {
        let imi = |nlist| {
            let quantizer = index(b"Imiq", "MultiIndexQuantizer", &[("pq.M", 2), ("pq.nbits", 3)]);
            description(&with(index(b"IwFl", "IndexIVFFlat", &[("nlist", nlist)]), "quantizer", quantizer)).factory
        };
        assert_eq!(imi(64).as_deref(), Some("IMI2x3,Flat"));
        assert_eq!(imi(63), None);
    }

    #[test]
    fn numbers_without_bounds_do_no_harm() {
        let imi = index(b"Imiq", "MultiIndexQuantizer", &[("pq.M", u64::MAX), ("pq.nbits", u64::MAX)]);
        let ivf = index(b"IwPQ", "IndexIVFPQ", &[("nlist", u64::MAX), ("pq.M", 0), ("pq.nbits", u64::MAX)]);
        assert_eq!(description(&with(ivf, "quantizer", imi)).factory, None);
    }
}
