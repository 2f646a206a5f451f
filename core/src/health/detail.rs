//! The figures behind the measures, as they stand in the JSON: histograms, curves, tables.

use crate::report;
use serde::Serialize;

use alloc::{string::String, vec::Vec};

/// What was found in a part, by what the part is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// Of inverted lists.
    Lists(ListsDetail),
    /// Of a graph.
    Graph(GraphDetail),
    /// Of vectors.
    Vectors(VectorsDetail),
    /// Of ids.
    Ids(IdsDetail),
    /// Of codes that are numbers of centroids.
    Codes(CodesDetail),
    /// Of codes of a scalar quantizer.
    Scalar(ScalarDetail),
}

/// How entries are spread over inverted lists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListsDetail {
    /// Number of lists.
    pub nlist: u64,
    /// Entries in all of them.
    pub entries: u64,
    /// Lists without an entry.
    pub empty: u64,
    /// Entries of the largest list.
    pub largest_size: u64,
    /// Entries divided by lists.
    pub mean_size: f64,
    /// Lists that a query visits, as stored; null for lists of what has no such number.
    pub nprobe: Option<u64>,
    /// FAISS's imbalance factor; null where nothing is stored.
    pub imbalance: Option<f64>,
    /// Lists by size, in classes that double; empty where there are too many different sizes.
    pub histogram: Vec<Bucket>,
    /// Sizes by rank, largest first; a choice of ranks where there are more than 256 lists.
    pub ranks: Vec<Rank>,
    /// The largest lists, at most 20.
    pub largest: Vec<Largest>,
    /// What a query visits, by nprobe.
    pub scanned: Vec<Scanned>,
}

/// A class of a histogram of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// The least size.
    pub from: u64,
    /// The greatest size, itself in the class.
    pub to: u64,
    /// Lists of these sizes.
    pub count: u64,
    /// Entries in them.
    pub entries: u64,
}

/// A point of the rank-size curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rank {
    /// 1 for the largest list.
    pub rank: u64,
    /// Entries of the list of this rank.
    pub size: u64,
}

/// One of the largest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Largest {
    /// Its number.
    pub list: u64,
    /// Its entries.
    pub entries: u64,
}

/// What a query visits; see the measure `scanned` for the assumption.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scanned {
    /// Lists that it looks into.
    pub nprobe: u64,
    /// Share of all entries.
    pub share: f64,
    /// The same in entries.
    pub entries: f64,
}

/// How the nodes of a graph are linked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GraphDetail {
    /// `HNSW` or `NSG`.
    pub kind: &'static str,
    /// Nodes.
    pub nodes: u64,
    /// The node where a search starts; -1 in an empty graph.
    pub entry_point: i64,
    /// The highest level, as stored; null for NSG.
    pub max_level: Option<i64>,
    /// Nodes by level; empty for NSG.
    pub levels: Vec<Level>,
    /// Links by level; for NSG there is one.
    pub degrees: Vec<Degrees>,
    /// Links to nodes that do not exist.
    pub links_out_of_range: u64,
    /// Links of nodes to themselves.
    pub links_to_itself: u64,
    /// Links on levels above 0 to nodes of level 0; null where that was not looked at.
    pub links_below: Option<u64>,
    /// Nodes with a level that no node can have, or in a wrong place; their links were not looked at.
    pub nodes_misplaced: u64,
    /// Nodes to which no path of level-0 links leads from the entry point; null where that is not known.
    pub unreachable: Option<u64>,
    /// The same from the entry point and all nodes above level 0; null where not known, and for NSG.
    pub unreachable_at_all: Option<u64>,
    /// The first rows of the latter (NSG: the former), at most 100.
    pub unreachable_rows: Vec<u64>,
}

/// A level of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Level {
    /// Its number; 0 holds every node.
    pub level: u64,
    /// Nodes whose highest level it is.
    pub nodes: u64,
    /// As many as `assign_probas` makes expect; null where levels are not drawn.
    pub expected: Option<f64>,
    /// Nodes on this level: those whose highest it is, and all above.
    pub on_level: u64,
}

/// Links of the nodes on a level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Degrees {
    /// The level.
    pub level: u64,
    /// Links that a node has room for.
    pub room: u64,
    /// Nodes on the level.
    pub nodes: u64,
    /// Links of all of them.
    pub links: u64,
    /// How many nodes have 0 links, 1 link, and so on, up to the most that one has.
    pub histogram: Vec<u64>,
}

/// Vectors in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VectorsDetail {
    /// `exact vectors`, or `decoded vectors` where they come from codes or through transforms.
    pub fidelity: report::Level,
    /// Dimensions.
    pub d: u64,
    /// FAISS's name of the metric of the index; null for one without a name.
    pub metric_name: Option<String>,
    /// Vectors in which a value is NaN.
    pub nan: u64,
    /// Vectors in which a value is infinite and none NaN.
    pub infinite: u64,
    /// Vectors of which every value is 0.
    pub zero: u64,
    /// Vectors whose norm is between 0.999 and 1.001.
    pub unit: u64,
    /// L2 norms of those whose values are all finite; null when there are none.
    pub norm: Option<Norms>,
    /// Norms in classes of equal width between the least and the greatest.
    pub histogram: Vec<NormBucket>,
    /// The first rows with NaN, infinite or only zero values, at most 100.
    pub odd_rows: Vec<OddRow>,
}

/// L2 norms in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Norms {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub std: f64,
    /// Quantiles, to one part in a thousand.
    pub quantiles: Vec<Quantile>,
}

/// The norm below which a share of the vectors lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantile {
    /// The share.
    pub q: f64,
    /// The norm.
    pub norm: f64,
}

/// A class of a histogram of norms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NormBucket {
    /// Where it starts.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Vectors in it; a norm within a thousandth of a border may be counted on its other side.
    pub count: u64,
}

/// A row that stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OddRow {
    /// The row.
    pub row: u64,
    /// `nan`, `infinite` or `zero`.
    pub what: &'static str,
}

/// Ids in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IdsDetail {
    /// Rows with an id.
    pub count: u64,
    /// Rows whose id an earlier row has too; null where they are too many to be counted here.
    pub duplicates: Option<u64>,
    /// The least id; null when there are none.
    pub min: Option<i64>,
    /// The greatest id; null when there are none.
    pub max: Option<i64>,
}

/// How codes are used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodesDetail {
    /// `product`, `additive` or `bits` (each bit is a code of its own).
    pub kind: &'static str,
    /// Bytes of a row.
    pub code_size: u64,
    /// Each sub-quantizer, codebook or bit.
    pub subs: Vec<Sub>,
}

/// How the codes of a sub-quantizer are used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sub {
    /// Its number.
    pub sub: u64,
    /// Bits of its codes.
    pub bits: u32,
    /// Different codes that rows have.
    pub used: u64,
    /// As many as would be used if all were equally likely.
    pub expected: f64,
    /// 2^entropy of how often codes occur.
    pub perplexity: f64,
    /// The code that occurs most often.
    pub top_code: u64,
    /// The share of rows that have it.
    pub top_share: f64,
}

/// How the codes of a scalar quantizer fill their range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScalarDetail {
    /// FAISS's name of the type.
    pub qtype: String,
    /// Bits of a dimension.
    pub bits: u32,
    /// Dimensions.
    pub d: u64,
    /// Share of all codes that are the least.
    pub low: f64,
    /// Share of all codes that are the greatest.
    pub high: f64,
    /// Dimensions in which all codes are the same.
    pub constant: u64,
    /// Dimensions by the share of the greatest code, in classes up to 0, 0.001, 0.01, 0.1 and 1.
    pub high_histogram: Vec<u64>,
    /// Dimensions by the share of the least code, in the same classes.
    pub low_histogram: Vec<u64>,
    /// Dimensions with the most codes at either end, at most 20.
    pub worst: Vec<Dimension>,
}

/// How the codes of a dimension fill their range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dimension {
    /// Its number.
    pub dimension: u64,
    /// Share of codes that are the least.
    pub low: f64,
    /// Share of codes that are the greatest.
    pub high: f64,
}
