// The map: its numbers against the native command, and what is done on it by mouse and by keys.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Page } from "@playwright/test";
import type { VectorMap } from "faissil";
import { float } from "../src/data/format.ts";
import { inLoop } from "../src/data/map/pick.ts";
import { pixelOf, placeOf, sightOfAll, type Size } from "../src/data/map/view.ts";
import { FIXTURE_FILES, SAMPLE_FILES } from "./files.ts";
import { said } from "./native.ts";
import { tall } from "./servers.ts";
import { expect, pick, test } from "./world.ts";

const named = (name: string) => {
  const file = [...SAMPLE_FILES, ...FIXTURE_FILES].find((each) => each.name === name);
  if (!file) throw new Error(`no ${name}`);
  return file;
};

/** What the page says of how much is drawn. */
const stated = (page: Page) => page.locator(".map-main > header p");

/** Where the map is on the page. */
async function placeOfMap(page: Page): Promise<{ x: number; y: number; size: Size }> {
  const box = await page.getByRole("application").boundingBox();
  if (!box) throw new Error("no map");
  return { x: box.x, y: box.y, size: { width: box.width, height: box.height } };
}

for (const name of ["packages-ivf.faissil", "packages-hnsw.faissil", "sealed_full.faissil", "flat_l2.faiss"]) {
  test(`the map of ${name} is as natively`, async ({ page, visit }) => {
    const file = named(name);
    const native = said(file, "map", "--json") as VectorMap;
    await visit();
    await pick(page, file);
    await expect(page.locator(".top-name")).toHaveText(name);
    await page.keyboard.press("6");
    await expect(stated(page)).toContainText(`, along the two directions in which they vary most: ${(100 * native.explained_share[0]).toFixed(1)}\u202f% of the variance across, ${(100 * native.explained_share[1]).toFixed(1)}\u202f% up`);
    const { size } = await placeOfMap(page);
    const list = page.getByRole("listbox", { name: /Rows on the map/ });
    await list.focus();
    for (const [key, at] of [
      ["Home", 0],
      ["ArrowDown", 1],
      ["End", native.row.length - 1],
    ] as const) {
      await page.keyboard.press(key);
      await expect(page.locator(".map-chosen")).toContainText(`row ${float(native.row[at] ?? 0).replace(/\B(?=(\d{3})+$)/g, "\u202f")}`);
      await expect(page.locator(".map-chosen")).toContainText(`norm ${float(native.norm[at] ?? 0)}`);
      if (native.list) await expect(page.locator(".map-chosen")).toContainText(`list ${native.list[at] ?? 0}`);
      const [x, y] = pixelOf(sightOfAll(native, size), size, native.x[at] ?? 0, native.y[at] ?? 0);
      const ring = page.locator(".scatter-chosen");
      expect(Number(await ring.getAttribute("cx"))).toBeCloseTo(x, 0);
      expect(Number(await ring.getAttribute("cy"))).toBeCloseTo(y, 0);
    }
  });
}

test("points are drawn by WebGL, in the colours that are asked for", async ({ page, visit }) => {
  await visit("#sample=ivf&view=map");
  const map = page.getByRole("application");
  await expect(map).toHaveAttribute("data-painter", "webgl");
  const pictures = new Set<string>();
  for (const colour of ["list", "norm", "none"]) {
    await page.getByLabel("coloured by").selectOption(colour);
    await expect(page).toHaveURL(new RegExp(`colour=${colour}`));
    pictures.add((await map.screenshot()).toString("base64"));
  }
  expect(pictures.size).toBe(3);
  await page.reload();
  await expect(page.getByLabel("coloured by")).toHaveValue("none");
});

test("what is inside a lasso is listed, with ids and names, and found in Vectors", async ({ page, visit }) => {
  const native = said(named("packages-hnsw.faissil"), "map", "--json") as VectorMap;
  await visit("#sample=ivf");
  await visit("#sample=hnsw&view=map");
  await expect(stated(page)).toBeVisible();
  const { x, y, size } = await placeOfMap(page);
  const sight = sightOfAll(native, size);
  const corners = [
    [0.45, 0.4],
    [0.6, 0.45],
    [0.55, 0.65],
    [0.42, 0.6],
  ].map(([across, down]) => [Math.round((across ?? 0) * size.width), Math.round((down ?? 0) * size.height)] as const);
  await page.getByRole("button", { name: "Lasso" }).click();
  for (const [at, [left, top]] of corners.entries()) {
    await page.mouse.move(x + left, y + top);
    if (at === 0) await page.mouse.down();
  }
  await page.mouse.up();
  const inside = inLoop(native, corners.map(([left, top]) => placeOf(sight, size, left, top)));
  expect(inside.length).toBeGreaterThan(50);
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(`${inside.length} of 2\u202f000\u00a0points chosen`);
  const rows = page.getByRole("listbox", { name: /Rows on the map/ }).getByRole("option");
  for (const at of [0, 1, 2]) await expect(rows.nth(at)).toContainText((native.row[inside[at] ?? 0] ?? 0).toString());

  const row = native.row[inside[1] ?? 0] ?? 0;
  await rows.nth(1).click();
  await expect(page).toHaveURL(new RegExp(`row=${row}(&|$)`));
  const id = await rows.nth(1).locator(".mono").textContent();
  await page.getByRole("button", { name: "Show it in Vectors" }).click();
  await expect(page.locator(".vector h1")).toHaveText(id ?? "");
  await page.goBack();
  await expect(page.locator(".map-chosen")).toContainText(`row ${row}`.replace(/\B(?=(\d{3})+$)/g, "\u202f"));
});

test("a point says what it is under the pointer, and a wheel magnifies around it", async ({ page, visit }) => {
  const native = said(named("packages-ivf.faissil"), "map", "--json") as VectorMap;
  await visit("#sample=ivf&view=map");
  await expect(stated(page)).toBeVisible();
  const { x, y, size } = await placeOfMap(page);
  // The outermost point on the left has no other near it.
  const at = native.x.indexOf(Math.min(...native.x));
  const [left, top] = pixelOf(sightOfAll(native, size), size, native.x[at] ?? 0, native.y[at] ?? 0);
  await page.mouse.move(x + left + 2, y + top + 1);
  await expect(page.locator(".scatter-says")).toContainText(`row ${(native.row[at] ?? 0).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f")}, list ${native.list?.[at] ?? ""}`);
  await page.mouse.wheel(0, -600);
  await page.mouse.click(x + left + 2, y + top + 1);
  await expect(page.locator(".scatter-chosen")).toBeVisible();
  const ring = page.locator(".scatter-chosen");
  expect(Math.abs(Number(await ring.getAttribute("cx")) - left)).toBeLessThan(6);
  await expect(page).toHaveURL(new RegExp(`row=${native.row[at] ?? ""}(&|$)`));
  // A drag moves it by as much.
  await page.mouse.down();
  await page.mouse.move(x + left + 102, y + top + 51);
  await page.mouse.up();
  expect(Math.abs(Number(await ring.getAttribute("cx")) - left - 100)).toBeLessThan(6);
});

test("the map is used by keys alone", async ({ page, visit }) => {
  await visit("#sample=hnsw");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("IDMap2,HNSW16");
  await page.keyboard.press("6");
  const map = page.getByRole("application");
  await map.focus();
  for (const key of ["+", "+", "+", "ArrowLeft", "ArrowUp", "-"]) await page.keyboard.press(key);
  await page.keyboard.press("n");
  await page.keyboard.press("n");
  await expect(page.locator(".map-chosen")).toContainText("row 1 ");
  await page.keyboard.press("p");
  await expect(page.locator(".map-chosen")).toContainText("cargo");
  await page.getByRole("button", { name: "Choose what is in sight" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(/ of 2\u202f000\u00a0points chosen/);
  const some = await page.getByRole("heading", { level: 2 }).textContent();
  await page.getByRole("button", { name: "Choose none" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText("All 2\u202f000\u00a0points");
  expect(some).not.toContain("2\u202f000 of");
  await page.getByRole("listbox", { name: /Rows on the map/ }).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/view=vectors&row=1999/);
});

test("vectors of codes are drawn as they decode, and Vectors says that they are", async ({ page, visit }) => {
  const native = said(named("hnsw_sq8.faiss"), "map", "--json") as VectorMap;
  expect(native.fidelity).toBe("decoded vectors");
  await visit();
  await pick(page, named("hnsw_sq8.faiss"));
  await expect(page.locator(".top-name")).toHaveText("hnsw_sq8.faiss");
  await page.keyboard.press("6");
  await expect(stated(page)).toContainText(`All ${native.row.length}\u00a0decoded vectors, along the two directions in which they vary most: ${(100 * native.explained_share[0]).toFixed(1)}\u202f%`);
  await page.getByRole("listbox", { name: /Rows on the map/ }).focus();
  await page.keyboard.press("Home");
  await expect(page.locator(".map-chosen")).toContainText(`norm ${float(native.norm[0] ?? 0)}`);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Decoded: as FAISS reconstructs it")).toBeVisible();
});

test("bits have no map, and it says why", async ({ page, visit }) => {
  await visit();
  await pick(page, { name: "bin_flat.faiss", bytes: readFileSync(resolve(import.meta.dirname, "../../fixtures/faiss/1.15.1/bin_flat.faiss")) });
  await expect(page.locator(".top-name")).toHaveText("bin_flat.faiss");
  await page.keyboard.press("6");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("No map");
  await expect(page.getByRole("status").filter({ hasText: "has no floats" })).toContainText("IndexBinaryFlat (IBxF at byte 0) stores bits");
});

test("of a large file a sample is drawn, which is stated and can be changed", async ({ page, visit, serve }) => {
  const server = await serve("tall.faiss", tall());
  await visit(`#url=${server.url}&view=map`);
  await expect(page.getByText(/A map reads a random sample of the vectors/)).toContainText("16.0\u00a0MiB at most, from its server");
  expect(server.sent()).toBeLessThan(256 * 1024);
  await page.getByRole("button", { name: "Draw the map" }).click();
  await expect(stated(page)).toContainText("A random sample of 4\u202f096\u00a0exact vectors out of 100\u202f000\u202f000 (256\u00a0runs of up to 16\u00a0rows, seed 1). All of them are the same.");
  await page.getByText("Another sample").click();
  await page.getByLabel("rows", { exact: true }).fill("512");
  await page.getByLabel("seed").fill("7");
  await page.getByRole("button", { name: "Draw it" }).click();
  await expect(stated(page)).toContainText(/A random sample of 512\sexact vectors .*seed 7/);
  await expect(page.locator(".line-code")).toContainText("faissil map tall.faiss --rows 512 --seed 7");
  expect(server.sent()).toBeLessThan(64 << 20);
});
