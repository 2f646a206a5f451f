// Verification: verdicts, the place of damage and the report, as the native command has them.
import { readFileSync } from "node:fs";
import { count, hex } from "../src/data/format.ts";
import { FIXTURE_FILES, SAMPLE_FILES } from "./files.ts";
import { expect, expectOverview, pick, test } from "./world.ts";

const sealed = [...SAMPLE_FILES, ...FIXTURE_FILES].filter(({ verify }) => "kind" in verify && verify.ok !== null);

for (const file of sealed) {
  test(`${file.name} is ${file.verify.ok ? "intact" : "damaged"}, as natively`, async ({ page, visit }) => {
    await visit();
    await pick(page, file);
    await expectOverview(page, file);
    await page.keyboard.press("v");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(file.verify.ok ? "Intact" : "Damaged");
    for (const damage of file.verify.damage) {
      const place = page.locator(".damage > ol > li").filter({ hasText: damage.reason });
      await expect(place).toContainText(damage.path);
      await expect(place).toContainText(hex(damage.span.offset));
      await expect(place).toContainText(count(damage.ids_lost.count));
      for (const id of damage.ids_lost.ids.slice(0, 20)) await expect(place.getByText(id.toString(), { exact: true })).toBeVisible();
    }
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Report, JSON" }).click();
    expect(JSON.parse(readFileSync(await (await saving).path(), "utf8"))).toEqual(file.verify);
    await page.keyboard.press("1");
    await expect(page.getByLabel("Verdict")).toContainText(file.verify.ok ? "Intact" : "Damaged");
  });
}

test("damage is located to its chunk on the strip", async ({ page, visit }) => {
  await visit("#sample=damaged&view=integrity");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not verified yet");
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Damaged");
  const strip = page.getByRole("slider");
  await strip.focus();
  await page.keyboard.press("d");
  await expect(strip).toHaveAttribute("aria-valuenow", "1");
  await expect(strip).toHaveAttribute("aria-valuetext", /chunk 1, damaged, index\.storage\.codes/);
});

test("an expected digest is held against the one that is there", async ({ page, visit }) => {
  const digest = SAMPLE_FILES.find(({ name }) => name.includes("ivf"))?.inspect.snapshot_digest ?? "";
  await visit(`#sample=ivf&expect=${digest}&view=integrity`);
  await expect(page.getByText("It says that it is the snapshot that is expected. Verify it to know.")).toBeVisible();
  await page.keyboard.press("v");
  await expect(page.getByText("It is the snapshot that is expected, and every byte of it is intact.")).toBeVisible();
  await page.getByLabel("The digest you expect").fill("00");
  await expect(page.getByText("one has 64 hex digits")).toBeVisible();
  await page.getByLabel("The digest you expect").fill("00".repeat(32));
  await expect(page.getByText("It is not the one that is expected")).toBeVisible();
});

test("an intact file that is not the one expected is never called intact", async ({ page, visit }) => {
  await visit(`#sample=ivf&expect=${"00".repeat(32)}`);
  await expect(page.getByLabel("Verdict")).toContainText("Not the file that is expected");
  await page.keyboard.press("v");
  await expect(page.locator(".integrity-figures")).toContainText("100");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not the file that is expected");
  await expect(page.locator(".badge")).toHaveText("another file");
  await page.keyboard.press("1");
  await expect(page.getByLabel("Verdict")).toContainText("Not the file that is expected");
});

test("a digest that is typed does not cost the open file when one goes back", async ({ page, visit }) => {
  const [file] = SAMPLE_FILES;
  if (!file) throw new Error("no sample");
  await visit();
  await pick(page, file);
  await expectOverview(page, file);
  await page.keyboard.press("3");
  await page.getByLabel("The digest you expect").fill("00".repeat(32));
  await expect(page).toHaveURL(/expect=0/);
  await page.goBack();
  await expectOverview(page, file);
});

test("a check that is stopped and gone on with counts each chunk once", async ({ page, visit, serve }) => {
  const file = SAMPLE_FILES.find(({ name }) => name.includes("hnsw"));
  if (!file) throw new Error("no sample");
  const server = await serve(file.name, file.bytes);
  await visit(`#url=${server.url}&view=integrity`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not verified yet");
  server.behave.waits = 150;
  const chunks = page.locator(".integrity-figures > div").filter({ hasText: "chunks" });
  await page.keyboard.press("v");
  await expect(chunks).toContainText(/[1-4] intact/);
  await page.keyboard.press("s");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Stopped");
  await page.keyboard.press("v");
  await page.keyboard.press("s");
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Intact");
  await expect(chunks).toContainText("5 intact");
});
