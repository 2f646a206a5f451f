// Two reports side by side: every line that differs, and how many are equal.
import { count, metric, shown, size } from "./format";
import type { IndexRecord, Inspection } from "./json";

export interface Line {
  group: "file" | "index" | "parameters" | "arrays" | "ids" | "with it";
  name: string;
  a: string;
  b: string;
}

/** Lines of a report, by group and name. */
function linesOf(facts: Inspection): Map<string, { group: Line["group"]; name: string; value: string }> {
  const lines = new Map<string, { group: Line["group"]; name: string; value: string }>();
  const add = (group: Line["group"], name: string, value: string): void => void lines.set(`${group}\n${name}`, { group, name, value });
  add("file", "kind", facts.kind);
  add("file", "size", `${count(facts.size_bytes)} bytes`);
  add("file", "BLAKE3 of the stream", facts.stream.blake3 ?? "not recorded");
  add("file", "snapshot digest", facts.snapshot_digest ?? "none");
  add("file", "fidelity", facts.fidelity.level);
  add("file", "complete", String(facts.complete));
  if (facts.description !== undefined) add("index", "index", facts.description);
  if (facts.class_chain) add("index", "classes", facts.class_chain.map((each) => each ?? "null").join(" › "));
  if (facts.faiss_version_min !== undefined) add("index", "lowest FAISS", facts.faiss_version_min);
  if (facts.memory) add("index", "in memory", size(facts.memory.bytes));
  if (facts.index) record(facts.index, "", add);
  if (facts.ids) {
    const { kind, count: number, min, max, duplicates } = facts.ids;
    add("ids", "kind", kind);
    add("ids", "count", count(number));
    add("ids", "least", min == null ? "none" : count(min));
    add("ids", "greatest", max == null ? "none" : count(max));
    add("ids", "duplicates", duplicates == null ? "not counted" : count(duplicates));
  }
  for (const [key, value] of Object.entries(facts.metadata)) add("with it", key, value);
  for (const each of facts.attachments) add("with it", each.name, `${count(each.bytes)} bytes`);
  return lines;
}

function record(index: IndexRecord, path: string, add: (group: Line["group"], name: string, value: string) => void): void {
  const inside = (name: string): string => (path === "" ? name : `${path}.${name}`);
  add("parameters", inside("class"), index.class);
  if (index.d != null) add("parameters", inside("d"), count(index.d));
  if (index.ntotal != null) add("parameters", inside("ntotal"), count(index.ntotal));
  if (index.metric != null) add("parameters", inside("metric_type"), metric(index.metric_name, index.metric, false));
  if (index.is_trained != null) add("parameters", inside("is_trained"), String(index.is_trained));
  for (const [name, value] of Object.entries(index.params)) add("parameters", inside(name), shown(value));
  for (const array of index.arrays) add("arrays", inside(array.name), `${array.dtype}[${array.shape.map((each) => count(each)).join(" × ")}]`);
  for (const child of index.children) record(child.index, inside(child.role), add);
}

/** The lines that differ, in the order of the first report, and how many do not. */
export function compare(a: Inspection, b: Inspection): { differ: Line[]; equal: number } {
  const [left, right] = [linesOf(a), linesOf(b)];
  const differ: Line[] = [];
  let equal = 0;
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [one, other] = [left.get(key), right.get(key)];
    if (one?.value === other?.value) equal += 1;
    else {
      const known = one ?? other;
      if (known) differ.push({ group: known.group, name: known.name, a: one?.value ?? "–", b: other?.value ?? "–" });
    }
  }
  return { differ, equal };
}
