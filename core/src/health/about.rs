//! What is measured: each measure with its definition, its threshold and where both come from.
//!
//! A threshold that FAISS or a paper gives is cited; one that is ours says so. FAISS's files are those of 1.15.1 unless
//! another release is named.

use crate::report::Json;
use alloc::string::String;
use serde::Serialize;

/// What a measure says, for people and programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// A short name that does not change.
    pub code: &'static str,
    /// The value, a number; null where there is nothing to measure or it could not be measured.
    pub value: Option<Json>,
    /// What the value means.
    pub state: State,
    /// One sentence with the numbers.
    pub says: String,
    /// What is measured, exactly.
    pub definition: &'static str,
    /// From which value on the state is another; null for a figure without judgement.
    pub threshold: Option<&'static str>,
    /// Where definition and threshold come from.
    pub source: &'static str,
}

/// What a measured value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A figure that is not judged.
    Figure,
    /// On the good side of the threshold.
    Good,
    /// Not known; the sentence says why.
    Unknown,
    /// On the bad side: searches are slow or miss what they should find.
    Warning,
    /// The index contradicts itself.
    Damage,
}

/// A measure before it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// See [`Measure::code`].
    pub code: &'static str,
    /// See [`Measure::definition`].
    pub definition: &'static str,
    /// See [`Measure::threshold`].
    pub threshold: Option<&'static str>,
    /// See [`Measure::source`].
    pub source: &'static str,
}

impl About {
    /// The measure with this value.
    pub(super) fn is(self, value: Json, state: State, says: String) -> Measure {
        self.with(Some(value), state, says)
    }

    /// The measure that could not be taken.
    pub(super) fn unknown(self, why: String) -> Measure {
        self.with(None, State::Unknown, why)
    }

    fn with(self, value: Option<Json>, state: State, says: String) -> Measure {
        let About { code, definition, threshold, source } = self;
        Measure { code, value, state, says, definition, threshold, source }
    }
}

/// The state of a value that should not be bad.
pub(super) fn judged(is_bad: bool) -> State {
    if is_bad { State::Warning } else { State::Good }
}

macro_rules! measures {
    ($($name:ident $code:literal: $definition:literal, $threshold:expr, $source:literal;)*) => {
        $(pub(super) const $name: About =
            About { code: $code, definition: $definition, threshold: $threshold, source: $source };)*
        /// Every measure there is.
        pub const MEASURES: &[About] = &[$($name),*];
    };
}

measures! {
    IMBALANCE "imbalance":
        "nlist * sum(size^2) / sum(size)^2 over the sizes of all inverted lists; 1 for lists of one size",
        Some("above 2: a query visits as many entries as with half as many lists (ours)"),
        "`imbalance_factor`, faiss/utils/utils.cpp; `InvertedLists::imbalance_factor`, faiss/invlists/InvertedLists.cpp";
    EMPTY_LISTS "empty-lists":
        "inverted lists without an entry, as a share of nlist",
        Some("above 0.1 (ours)"),
        "counted as `InvertedLists::print_stats` does, faiss/invlists/InvertedLists.cpp";
    ENTRIES_PER_LIST "entries-per-list":
        "entries in all inverted lists divided by nlist",
        Some("below 39: FAISS asks for so many training vectors for each centroid"),
        "`ClusteringParameters::min_points_per_centroid`, faiss/Clustering.h";
    SCANNED "scanned":
        "share of all entries that a query visits with the stored nprobe, if queries fall as the data does. nprobe 1: \
         sum(size^2) / sum(size)^2. More: lists are drawn one after the other without replacement, each with a chance \
         in proportion to its size, so a list is visited with probability 1 - exp(-t * size), t such that these add up \
         to nprobe",
        None,
        "the share for nprobe 1 is FAISS's imbalance factor divided by nlist; the rest is successive sampling in its \
         asymptotic form (Rosén 1972, Annals of Mathematical Statistics 43(2))";
    LEVELS "level-counts":
        "standard deviations by which the number of nodes on the worst level differs from ntotal * assign_probas[level]; \
         of a binomial, sqrt(n * p * (1 - p)); levels with fewer than 10 expected nodes count as one, of which it is at least 2",
        Some("above 5 (ours)"),
        "`HNSW::set_default_probas` and `HNSW::random_level`, faiss/impl/HNSW.cpp; Malkov and Yashunin 2016, \
         arXiv:1603.09320, section 4";
    DEAD_ENDS "dead-ends":
        "nodes without a link on level 0 (of an NSG: without any)",
        Some("above 0, where there are two nodes or more (ours)"),
        "a node's links end at the first -1: `HNSW::neighbor_range` and its users, faiss/impl/HNSW.cpp; \
         `NSG::search_on_graph`, faiss/impl/NSG.cpp";
    UNREACHABLE "unreachable":
        "nodes to which no path of level-0 links leads from the entry point",
        Some("above 0 (ours): a search that starts there never finds them"),
        "level 0 of `HNSW::search`, faiss/impl/HNSW.cpp; `NSG::tree_grow` makes sure that there are none, faiss/impl/NSG.cpp; \
         Xiao et al. 2024, arXiv:2407.07871, on unreachable points";
    UNREACHABLE_AT_ALL "unreachable-at-all":
        "nodes to which no path of level-0 links leads from the entry point or from any node of level 1 or above, where a \
         search may start on level 0",
        Some("above 0 (ours): no search finds them, unless it compares with every vector"),
        "`HNSW::search` goes down from the entry point greedily and starts on level 0 where that ends, faiss/impl/HNSW.cpp";
    LINKS "broken-links":
        "links to a node that does not exist, to the node itself, or on a level above 0 to a node that is not on that level",
        Some("above 0: FAISS never writes such links"),
        "`HNSW::add_links_starting_from`, faiss/impl/HNSW.cpp; out of range they make FAISS read outside its memory";
    LAYOUT "broken-layout":
        "nodes whose level is out of range or whose place in `neighbors` contradicts it, and an entry point that is no node \
         or not on the highest level",
        Some("above 0: FAISS never writes such graphs"),
        "`HNSW::prepare_level_tab`, faiss/impl/HNSW.cpp: offsets[i + 1] = offsets[i] + cum_nneighbor_per_level[levels[i]]";
    NOT_FINITE "not-finite":
        "vectors, stored or decoded, in which a value is NaN or infinite",
        Some("above 0: distances to them are NaN or infinite"),
        "IEEE 754";
    ZERO_VECTORS "zero-vectors":
        "vectors, stored or decoded, of which every value is 0",
        Some("above 0 (ours): mostly an embedding that failed; with inner product they tie with every query"),
        "counted";
    NORM_SPREAD "norm-spread":
        "standard deviation of the L2 norms divided by their mean, over vectors, stored or decoded, whose values are all finite",
        Some("above 0.01 with the metric INNER_PRODUCT (ours): it is no cosine similarity then; other metrics are not judged, and neither are decoded \
         vectors, whose lengths their codes change"),
        "for cosine similarity FAISS asks for normalised vectors (`fvec_renorm_L2`, faiss/utils/distances.h)";
    DUPLICATE_IDS "duplicate-ids":
        "rows whose id an earlier row has too",
        Some("above 0 (ours): a search may answer such an id more than once, `remove_ids` removes all of its rows"),
        "`IndexIDMapTemplate::add_with_ids` does not look for them, faiss/IndexIDMap.cpp";
    CODE_USE "code-use":
        "the lowest perplexity of a sub-quantizer, 2^entropy of how often its codes occur, divided by the perplexity that as \
         many rows would have if all codes were equally likely; 1 is best",
        Some("below 0.25 (ours): two bits of that sub-quantizer are wasted"),
        "Shannon entropy; the codes are those of `ProductQuantizer`, faiss/impl/ProductQuantizer.h (and \
         `AdditiveQuantizer::pack_codes`, faiss/impl/AdditiveQuantizer.cpp)";
    UNUSED_CODES "unused-codes":
        "codes that no row has, over all sub-quantizers, beyond those that would be unused by chance if all were equally \
         likely: 2^bits * (1 - 2^-bits)^rows each; as a share of all codes",
        Some("above 0.05 (ours)"),
        "as `code-use`";
    CLIPPED "clipped":
        "largest share, over all dimensions whose codes vary, of codes at the upper end of the range: FAISS gives this code \
         only to values at or above the largest that training allows",
        Some("above 0.01, where 1000 rows or more were read (ours): the training data did not span the range"),
        "`Codec8bit`, `Codec6bit`, `Codec4bit::encode_component`, faiss/impl/ScalarQuantizer.cpp, 1.12.0: the code is the \
         whole part of (2^bits - 1) * x, x clamped to 0..1";
    CONSTANT "constant-dimensions":
        "dimensions in which all codes that were read are the same",
        Some("above 0, where 100 rows or more were read (ours): they take space and tell nothing apart"),
        "counted";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_a_name_of_its_own_and_says_where_it_comes_from() {
        for (number, about) in MEASURES.iter().enumerate() {
            assert!(MEASURES[..number].iter().all(|other| other.code != about.code), "{}", about.code);
            for text in [about.definition, about.source] {
                assert!(!text.is_empty() && !text.contains("  ") && !text.ends_with('.'), "{text}");
            }
        }
    }
}
