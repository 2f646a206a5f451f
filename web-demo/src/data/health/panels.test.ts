// What is drawn of the health of every fixture, from what the package itself says of it.
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { open, type Health } from "faissil";
import { describe, expect, test } from "vitest";
import { tagOf } from "./panel";
import { panelsOf } from "./panels";

const FIXTURES = resolve(import.meta.dirname, "../../../../fixtures/faiss/1.15.1");

async function healthOf(path: string): Promise<Health> {
  const index = await open(path);
  try {
    return await index.health();
  } finally {
    index.close();
  }
}

describe("every fixture", async () => {
  const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".faiss"));
  expect(names.length).toBeGreaterThan(100);
  const found = new Map<string, Health>();
  for (const name of names) found.set(name, await healthOf(resolve(FIXTURES, name)));

  test.each(names)("%s", (name) => {
    for (const section of found.get(name)?.sections ?? []) {
      const panels = panelsOf(section);
      expect(panels.flatMap(({ measures }) => measures.map(({ code }) => code)).sort()).toEqual(section.measures.map(({ code }) => code).sort());
      expect(panels.length > 0).toBe(section.detail !== null || section.measures.length > 0);
      for (const look of panels.flatMap(({ looks }) => looks)) {
        for (const row of look.table.rows) expect(row).toHaveLength(look.table.head.length);
        for (const mark of look.chart?.marks ?? []) {
          for (const share of [mark.x, mark.y, mark.expected ?? 0]) expect(share >= 0 && share <= 1 + 1e-9, `${look.name}: ${mark.says}`).toBe(true);
          expect(mark.says).not.toMatch(/NaN|undefined|Infinity/);
        }
      }
    }
  });

  test("all five parts are among them, and both kinds of codes", () => {
    const sections = [...found.values()].flatMap(({ sections }) => sections).filter(({ detail }) => detail !== null);
    expect([...new Set(sections.map(({ part }) => part))].sort()).toEqual(["codes", "graph", "ids", "lists", "vectors"]);
    expect(sections.some(({ detail }) => detail !== null && "qtype" in detail)).toBe(true);
    expect(sections.some(({ detail }) => detail !== null && "subs" in detail)).toBe(true);
  });
});

test("a tag says how much was looked at", () => {
  expect(tagOf({ tag: "complete", unit: "lists", looked_at: 32, of: 32, sample: null })).toBe("complete: 32\u00a0lists");
  expect(tagOf({ tag: "sampled", unit: "rows", looked_at: 4096, of: 1_000_000, sample: null })).toBe("sampled: 4\u202f096 of 1\u202f000\u202f000 rows");
});
