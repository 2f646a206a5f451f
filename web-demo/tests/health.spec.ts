// How an index is doing: every number against the native command, what a look costs, and a journey by keys.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Health } from "faissil";
import { tagOf, type Table } from "../src/data/health/panel.ts";
import { panelsOf, PART_NAMES } from "../src/data/health/panels.ts";
import { FIXTURE_FILES, SAMPLE_FILES } from "./files.ts";
import { said } from "./native.ts";
import { tall } from "./servers.ts";
import { expect, pick, test } from "./world.ts";
import type { Locator, Page } from "@playwright/test";

const fixture = (name: string) => ({ name: `${name}.faiss`, bytes: readFileSync(resolve(import.meta.dirname, `../../fixtures/faiss/1.15.1/${name}.faiss`)) });
/** Kinds that the other tests do not open: graphs of another kind, bits, codebooks, ids that repeat, codes of which nothing is counted. */
const MORE = ["nsg_flat", "bin_hnsw", "rq3x4", "lsh", "sq4", "ivf_flat_dedup", "flat_naneuclidean", "eden3_biased"].map(fixture);
const FILES = [...SAMPLE_FILES, ...FIXTURE_FILES.filter(({ inspect }) => inspect.index !== null), ...MORE];

const open = async (page: Page, file: { name: string; bytes: Buffer }): Promise<void> => {
  await pick(page, file);
  await expect(page.locator(".top-name")).toHaveText(file.name);
  await page.keyboard.press("4");
  await expect(page.getByRole("button", { name: "Report, JSON" })).toBeVisible();
};

/** A table of the page is the one that comes of the command's numbers. */
async function expectTable(place: Locator, { head, rows }: Table): Promise<void> {
  const found = await place.locator("tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  expect(found).toEqual([head, ...rows]);
}

for (const file of FILES) {
  test(`the health of ${file.name} is as natively`, async ({ page, visit }) => {
    const native = said(file, "health", "--json") as Health;
    await visit();
    await open(page, file);

    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Report, JSON" }).click();
    expect(JSON.parse(readFileSync(await (await saving).path(), "utf8"))).toEqual(native);

    await expect(page.locator(".part")).toHaveCount(native.sections.length);
    for (const [number, section] of native.sections.entries()) {
      const part = page.locator(".part").nth(number);
      await expect(part.getByRole("heading", { level: 2 })).toHaveText(PART_NAMES[section.part]);
      if (section.omitted !== null) await expect(part).toContainText(`Not looked at: ${section.omitted}`);
      for (const measure of section.measures) {
        const line = part.locator(".measures > li").filter({ has: page.locator("summary code", { hasText: new RegExp(`^${measure.code}$`) }) });
        await expect(line.locator("div > p")).toHaveText(measure.says);
        await expect(line.locator("dl")).toContainText(measure.definition);
        await expect(line.locator("dl")).toContainText(measure.threshold ?? "not judged");
      }
      for (const [at, panel] of panelsOf(section).entries()) {
        const box = part.locator(".panel-box").nth(at);
        await expect(box.locator(".tag")).toHaveText(tagOf(section.coverage));
        for (const look of panel.looks) {
          if (panel.looks.length > 1) await box.getByRole("button", { name: look.name, exact: true }).click();
          await expectTable(box.locator(".health-table"), look.table);
          await expect(box.locator(".chart-bar, .chart-line")).toHaveCount(look.chart ? (look.chart.kind === "bars" ? look.chart.marks.length : 1) : 0);
        }
      }
    }
  });
}

test("the numbers of the samples are those that are known of them", async ({ page, visit }) => {
  await visit("#sample=ivf&view=health");
  const sizes = page.getByRole("region", { name: "List sizes", exact: true });
  await expect(sizes.locator(".tag")).toHaveText("complete: 32\u00a0lists");
  await expect(sizes).toContainText("32\u00a0inverted lists hold 2\u202f000\u00a0entries, 62.5 each on average and 108 in the largest.");
  await expect(sizes).toContainText("the imbalance factor is 1.09; 1 is even");
  await visit("#sample=hnsw&view=health");
  await expect(page.getByRole("region", { name: "Nodes by level", exact: true })).toContainText("2\u202f000\u00a0nodes. Searches start at node 1\u202f751.");
});

test("damage is no error: what it keeps from being looked at says so", async ({ page, visit }) => {
  await visit("#sample=damaged&view=health");
  await expect(page.getByText("Damage kept a part from being looked at.")).toBeVisible();
  await expect(page.locator(".part-omitted")).toContainText("while reading bytes 1048576..2097152 of the stream");
  await page.getByRole("button", { name: "See what is damaged" }).click();
  await expect(page).toHaveURL(/view=integrity/);
});

test("of a large file on the web the plan comes first, and a look stays within it", async ({ page, visit, serve }) => {
  const server = await serve("tall.faiss", tall());
  await visit(`#url=${server.url}&view=health`);
  await expect(page.getByRole("heading", { name: "What a look takes" })).toBeVisible();
  await expect(page.locator(".plan")).toContainText("sampled: 1\u202f048\u202f576 of 100\u202f000\u202f000 rows in 256\u00a0runs");
  expect(server.sent()).toBeLessThan(256 * 1024);
  await page.getByRole("button", { name: "Look", exact: true }).click();
  await expect(page.getByRole("region", { name: "Odd vectors", exact: true })).toContainText("The sample: 256\u00a0runs");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/to look at/);
  await expect(page.getByLabel("What stands out")).toContainText(/1\s048\s576 of 1\s048\s576 vectors are zero/);
  // A page or two of 32 KiB around each run, as the plan says.
  expect(server.sent()).toBeLessThan((4 << 20) + 257 * 2 * 32768);
  await page.getByText("Another sample").click();
  await page.getByLabel("rows", { exact: true }).fill("1000");
  await page.getByLabel("runs of neighbours").fill("10");
  await page.getByRole("button", { name: "Look again" }).click();
  await expect(page.locator(".line-code")).toContainText("faissil health tall.faiss --rows 1000 --runs 10");
  await expect(page.getByRole("region", { name: "Odd vectors", exact: true }).locator(".tag")).toHaveText("sampled: 1\u202f000 of 100\u202f000\u202f000 rows");
});

test("a look is stopped, and begun again", async ({ page, visit, serve }) => {
  const server = await serve("tall.faiss", tall());
  await visit(`#url=${server.url}&view=health`);
  await page.getByRole("button", { name: "Look", exact: true }).click();
  server.behave = { waits: 50 };
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Looking");
  await page.keyboard.press("s");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Stopped");
  server.behave = {};
  await page.getByRole("button", { name: "Look", exact: true }).click();
  await expect(page.getByRole("button", { name: "Report, JSON" })).toBeVisible();
});

test("charts are read, and tables opened, by keys", async ({ page, visit }) => {
  await visit("#sample=ivf&view=health");
  const chart = page.getByRole("slider", { name: /^Entries visited for each nprobe/ });
  await chart.focus();
  await page.keyboard.press("Home");
  await expect(chart).toHaveAttribute("aria-valuetext", /^nprobe 1: /);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(chart).toHaveAttribute("aria-valuetext", /^nprobe 4: .* as stored$/);
  await page.keyboard.press("End");
  await expect(chart).toHaveAttribute("aria-valuetext", /^nprobe 32: 100/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const table = page.getByRole("region", { name: /^Entries visited for each nprobe, by nprobe, as a table/ });
  await expect(table.getByRole("row")).toHaveCount(7);
  await page.keyboard.press("l");
  await expect(page.locator(".line-code")).toContainText("faissil health packages-ivf.faissil");
});
