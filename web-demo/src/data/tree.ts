// The outline as a tree of nodes with paths, in the order of the file, and the file as a row of regions.
import type { IndexRecord, Inspection, StoredArray } from "./json";

/** What a stretch of bytes is for, which decides its colour. */
export type Role = "vectors" | "ids" | "graph" | "lists" | "codebook" | "fields" | "seal" | "attached" | "other";

export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  vectors: "vectors and codes",
  ids: "ids",
  graph: "graph",
  lists: "inverted lists",
  codebook: "centroids and codebooks",
  fields: "fields",
  seal: "digests and facts",
  attached: "attachments",
  other: "other",
};

export interface Node {
  /** Names from the outermost record, as errors and `verify` print them; empty for the outermost. */
  path: string;
  depth: number;
  /** The last name of the path. */
  name: string;
  offset: number;
  bytes: number;
  role: Role;
  record?: IndexRecord;
  array?: StoredArray;
  children: Node[];
}

/** The tree of an index. */
export function treeOf(index: IndexRecord): Node {
  return node(index, "", "", 0);
}

function node(record: IndexRecord, name: string, path: string, depth: number): Node {
  const inside = (last: string): string => (path === "" ? last : `${path}.${last}`);
  const arrays = record.arrays.map((array): Node => ({
    path: inside(array.name),
    depth: depth + 1,
    name: array.name,
    offset: Number(array.offset),
    bytes: Number(array.bytes),
    role: roleOf(inside(array.name), record),
    array,
    children: [],
  }));
  const records = record.children.map(({ role, index }) => node(index, role, inside(role), depth + 1));
  const children = [...arrays, ...records].sort((a, b) => a.offset - b.offset || b.bytes - a.bytes);
  return { path, depth, name, offset: Number(record.offset), bytes: Number(record.bytes), role: "fields", record, children };
}

/** What an array is for, by FAISS's names. */
export function roleOf(path: string, record: Pick<IndexRecord, "class">): Role {
  const name = path.split(".").at(-1) ?? path;
  if (/^(id_map|ids|perm|rev_map)/.test(name)) return "ids";
  if (/(^|\.)quantizer(\.|$)|^q1|centroids|codebook|trained|prerotated|\bA$|\bb$|thresholds|^rotation|^mean/.test(path)) return "codebook";
  if (name === "lists" || /^list/.test(name)) return "lists";
  if (/hnsw|nsg|nnd|graph|neighbors|levels|offsets/.test(path) || /HNSW::|NSG::/.test(record.class)) return "graph";
  if (/codes|xb|vectors|norms/.test(name)) return "vectors";
  return "other";
}

/** All nodes in the order of the file. */
export function flat(root: Node): Node[] {
  return [root, ...root.children.flatMap(flat)];
}

/** A stretch of the file on the layout strip. */
export interface Region {
  offset: number;
  bytes: number;
  role: Role;
  label: string;
  /** Path of the node behind it, where there is one. */
  path?: string;
}

/** The file from its first byte to its last, without a gap: arrays, the fields between them, and what follows the stream. */
export function regionsOf(inspection: Inspection): Region[] {
  const stream = Number(inspection.stream.len);
  const regions: Region[] = [];
  let at = 0;
  const fill = (to: number, label: string, role: Role, path?: string): void => {
    if (to > at) regions.push({ offset: at, bytes: to - at, role, label, ...(path === undefined ? {} : { path }) });
    at = Math.max(at, to);
  };
  if (inspection.index) {
    for (const each of flat(treeOf(inspection.index)).filter(({ array }) => array && array.bytes !== 0)) {
      fill(each.offset, "headers and fields", "fields");
      fill(each.offset + each.bytes, each.path, each.role, each.path);
    }
  }
  const { trailing } = inspection;
  const followed = trailing ? Number(trailing.offset) : inspection.complete ? stream : at;
  fill(Math.min(followed, stream), "headers and fields", "fields");
  fill(stream, trailing ? "bytes behind the index" : inspection.index ? "not followed" : "the stream", "other");
  // Of a packed snapshot the stream is stored in coded chunks: what is drawn up to here is the stream, not the file.
  const whole = inspection.kind === "packed" ? stream : Number(inspection.size_bytes);
  const hasAttached = inspection.attachments.length > 0;
  fill(whole, inspection.kind === "faiss" ? "behind the index" : hasAttached ? "digests, facts, attachments" : "digests and facts", "seal");
  return regions;
}
