import { expect, test } from "vitest";
import type { Inspection } from "./json";
import { listed } from "./layout";
import { regionsOf, roleOf, treeOf, flat } from "./tree";

const index = {
  class: "IndexIDMap2",
  fourcc: "IxM2",
  offset: 0,
  bytes: 1000,
  params: {},
  arrays: [{ name: "id_map", dtype: "i64", shape: [10], offset: 920, bytes: 80 }],
  children: [
    {
      role: "index",
      index: {
        class: "IndexFlatL2",
        fourcc: "IxF2",
        offset: 37,
        bytes: 875,
        params: {},
        arrays: [{ name: "codes", dtype: "f32", shape: [10, 20], offset: 112, bytes: 800 }],
        children: [],
      },
    },
  ],
};
const facts = { kind: "sealed", size_bytes: 1200, stream: { len: 1000, blake3: "" }, complete: true, trailing: null, index, attachments: [] } as unknown as Inspection;

test("regions cover the file without gap or overlap", () => {
  let at = 0;
  for (const region of regionsOf(facts)) {
    expect(region.offset).toBe(at);
    at += region.bytes;
  }
  expect(at).toBe(1200);
  expect(regionsOf(facts).map(({ label }) => label)).toEqual(["headers and fields", "index.codes", "headers and fields", "id_map", "digests and facts"]);
});

test("fields are listed together, last", () => {
  expect(listed(regionsOf(facts)).map(({ label, bytes }) => [label, bytes])).toEqual([
    ["index.codes", 800],
    ["id_map", 80],
    ["digests and facts", 200],
    ["headers, counts and fields", 120],
  ]);
});

test("the tree has the paths that errors have", () => {
  expect(flat(treeOf(index)).map(({ path }) => path)).toEqual(["", "index", "index.codes", "id_map"]);
});

test.each([
  ["index.hnsw.neighbors", "graph"],
  ["storage.codes", "vectors"],
  ["quantizer.codes", "codebook"],
  ["pq.centroids", "codebook"],
  ["invlists.lists", "lists"],
  ["id_map", "ids"],
])("%s is for %s", (path, role) => expect(roleOf(path, { class: "" })).toBe(role));
