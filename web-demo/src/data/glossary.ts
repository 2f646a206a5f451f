// What FAISS's field names mean, in a sentence; and the names behind numbers that stand for something.
import type { Part, Value } from "./json";

const FIELDS: Readonly<Record<string, string>> = {
  tag: "four-character code: which layout follows",
  d: "dimension of the vectors, bits for a binary index",
  ntotal: "number of vectors",
  dummy_1: "a constant, 1 << 20, without meaning",
  dummy_2: "a constant, 1 << 20, without meaning",
  is_trained: "whether it may be added to and searched",
  metric_type: "how distance is measured",
  metric_arg: "argument of the metric, such as p of Lp",
  code_size: "bytes that a stored vector takes",
  nlist: "number of inverted lists",
  nprobe: "lists that a search visits",
  list_type: "`full`: a size for every list; `sprs`: list and size of those in use",
  sizes: "entries of each list",
  lists: "codes, then ids, of one list after the other",
  invlists: "codes, then ids, of one list after the other",
  id_map: "the external id of each row",
  codes: "the stored vectors, row by row",
  xb: "the stored vectors, row by row",
  by_residual: "whether codes are of the difference to the centroid",
  use_precomputed_table: "whether a search tabulates distances before",
  "direct_map.type": "how an id finds its place: not at all, by an array, by a hash table",
  "direct_map.array": "list and offset of each id",
  "direct_map.hashtable": "pairs of id and place",
  "hnsw.assign_probas": "probability that a vector begins at each level",
  "hnsw.cum_nneighbor_per_level": "links up to each level, summed up",
  "hnsw.levels": "number of levels of each vector",
  "hnsw.offsets": "where the links of each vector begin",
  "hnsw.neighbors": "rows that each vector is linked to, −1 for none",
  "hnsw.entry_point": "row at which a search begins",
  "hnsw.max_level": "the highest level",
  "hnsw.efConstruction": "candidates kept while adding",
  "hnsw.efSearch": "candidates kept while searching",
  "hnsw.upper_beam": "candidates kept on upper levels",
  "hnsw.M": "links that a vector aims for",
  "hnsw.nodes_per_level": "vectors that reach each level",
  "pq.d": "dimension that the quantizer codes",
  "pq.M": "sub-quantizers: pieces a vector is cut into",
  "pq.nbits": "bits that each piece is coded in",
  "pq.code_size": "bytes of a code",
  "pq.centroids": "the codebooks: for each piece, its centroids",
  centroids: "the codebooks: for each piece, its centroids",
  "sq.qtype": "how a component is coded",
  "sq.qtype_name": "how a component is coded",
  "sq.rangestat": "how the range of a component was found",
  "sq.rangestat_arg": "argument of that",
  "sq.d": "dimension that the quantizer codes",
  "sq.bits": "bits that a component takes",
  "sq.code_size": "bytes of a code",
  "sq.trained": "lower bound and width of the range of each component",
  trained: "what training found",
  search_type: "how distances are computed",
  encode_signs: "whether the sign of a component is coded",
  polysemous_ht: "Hamming threshold of polysemous codes",
  A: "matrix of the transform, row by row",
  b: "what the transform adds",
  have_bias: "whether the transform adds something",
  d_in: "dimension before the transform",
  d_out: "dimension after it",
  mean: "mean of the training vectors",
  eigenvalues: "variance along each component",
  PCAMat: "principal components, row by row",
  eigen_power: "power of the eigenvalues that rows are scaled by",
  random_rotation: "whether a random rotation follows",
  balanced_bins: "bins that variance is balanced over",
  norm: "the norm that vectors are scaled to",
  map: "which component goes where",
  k_factor: "how many more candidates are refined",
  chain: "number of transforms",
  bbs: "vectors in a block of fast scan",
  M2: "sub-quantizers, rounded up to an even number",
  implem: "which implementation searches",
  qbs: "how queries are blocked",
  filename: "name of the file that holds the lists",
  totsize: "length of that file",
  slots: "free places in that file",
  q1: "the coarse quantizer",
  "q1.nlist": "number of inverted lists",
  "q1.quantizer_trains_alone": "how the coarse quantizer is trained",
  "nsg.graph": "rows that each vector is linked to",
  "nsg.enterpoint": "row at which a search begins",
  "nsg.search_L": "candidates kept while searching",
  "nsg.R": "links of a vector at most",
  "rq.codebooks": "the codebooks, one after the other",
  "rq.nbits": "bits of each codebook",
  codebooks: "the codebooks, one after the other",
  nbits: "bits of each code",
  thresholds: "where each bit is decided",
  rotate_data: "whether vectors are rotated before",
  train_thresholds: "whether thresholds are trained",
  seed: "seed of the random numbers",
  random_seed: "seed of the random numbers",
  num_panorama_levels: "levels by which distances are refined",
  batch_size: "vectors in a batch",
  cum_sums: "energy that is left after each level",
  center: "what is subtracted before coding",
  qb: "bits that a query is coded in",
  trailing: "bytes behind the end of the index",
};

const METRICS: Readonly<Record<number, string>> = {
  0: "INNER_PRODUCT",
  1: "L2",
  2: "L1",
  3: "Linf",
  4: "Lp",
  20: "Canberra",
  21: "BrayCurtis",
  22: "JensenShannon",
  23: "Jaccard",
  24: "NaNEuclidean",
  25: "GOWER",
};

const QTYPES = ["8bit", "4bit", "8bit_uniform", "4bit_uniform", "fp16", "8bit_direct", "6bit", "bf16", "8bit_direct_signed"];
const DIRECT_MAPS = ["NoMap", "Array", "Hashtable"];

/** The names of a field, the most exact first: `index.hnsw.levels`, `hnsw.levels`, `levels`. */
function* namesOf(path: string): Generator<string> {
  const names = path.replace(/\[\d+\]/g, "").split(".");
  for (let from = 0; from < names.length; from += 1) yield names.slice(from).join(".");
}

/** What a field means; empty where we have no words for it. */
export function meaning(part: Pick<Part, "path" | "kind">): string {
  for (const name of namesOf(part.path)) {
    const found = FIELDS[name];
    if (found !== undefined) return part.kind === "count" ? `how many elements follow: ${found}` : found;
  }
  return part.kind === "count" ? "how many elements follow" : "";
}

/** The name behind a number, where the number stands for one. */
export function named(path: string, value: Value): string | undefined {
  const last = path.split(".").at(-1);
  if (typeof value !== "number") return undefined;
  if (last === "metric_type") return METRICS[value];
  if (last === "qtype") return QTYPES[value];
  if (path.endsWith("direct_map.type")) return DIRECT_MAPS[value];
  return undefined;
}

const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^IndexIDMap|^IndexBinaryIDMap/, "gives rows external ids"],
  [/^IndexPreTransform/, "transforms vectors, then hands them on"],
  [/^IndexRefine/, "searches one index, then refines with another"],
  [/HNSW/, "a graph of small worlds over its storage"],
  [/NSG|NNDescent/, "a graph of neighbours over its storage"],
  [/IVF.*FastScan/, "inverted lists of codes, laid out for fast scans"],
  [/IVFPQ/, "inverted lists of product-quantized vectors"],
  [/IVF/, "inverted lists behind a coarse quantizer"],
  [/^IndexFlat1D|^IndexFlat/, "every vector as it is"],
  [/^IndexBinaryFlat/, "every code as it is"],
  [/ScalarQuantizer/, "each component coded by itself"],
  [/PQ/, "vectors coded piece by piece"],
  [/ResidualQuantizer|LocalSearchQuantizer/, "vectors as sums of codebook entries"],
  [/RaBitQ|EDEN/, "vectors coded in few bits, with an error bound"],
  [/LSH|Hash/, "vectors as bits"],
  [/InvertedLists/, "where the entries of the lists are"],
  [/Matrix|Transform|Rotation/, "changes vectors before they are stored"],
];

/** What a class of FAISS does, in a few words; empty for those we have none for. */
export function classMeaning(name: string): string {
  return CLASSES.find(([pattern]) => pattern.test(name))?.[1] ?? "";
}
