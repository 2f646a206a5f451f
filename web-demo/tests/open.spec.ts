// Every way to open a file, with samples and fixtures; and what is then said, held against the native command.
import { count, size } from "../src/data/format.ts";
import { FIXTURE_FILES, SAMPLE_FILES } from "./files.ts";
import { drop, expect, expectOverview, pick, test } from "./world.ts";

for (const file of [...SAMPLE_FILES, ...FIXTURE_FILES]) {
  test(`${file.name} is opened by picker, by drop and by address`, async ({ page, visit, serve }) => {
    await visit();
    await pick(page, file);
    await expectOverview(page, file);

    const facts = page.getByLabel("Key facts");
    const { inspect } = file;
    await expect(facts).toContainText(`${count(inspect.size_bytes)} bytes`);
    if (inspect.stream.blake3 !== null) await expect(facts).toContainText(inspect.stream.blake3);
    if (inspect.snapshot_digest !== null) await expect(facts).toContainText(inspect.snapshot_digest);
    if (inspect.class_chain) await expect(facts).toContainText(inspect.class_chain.map((each) => each ?? "null").join(" › "));
    if (inspect.memory) await expect(facts).toContainText(`about ${size(inspect.memory.bytes)}`);
    if (inspect.ids) await expect(facts).toContainText(`${count(inspect.ids.count)}, ${inspect.ids.kind}`);
    if (inspect.index) await expect(facts).toContainText(count(inspect.index.ntotal ?? 0));
    for (const [name] of Object.entries(inspect.params ?? {})) await expect(facts).toContainText(name);
    for (const note of inspect.notes) await expect(page.getByText(note.text)).toBeVisible();
    if (inspect.fault) await expect(page.getByText(inspect.fault.message).first()).toBeVisible();

    await page.keyboard.press("x");
    await drop(page, file);
    await expectOverview(page, file);

    const server = await serve(file.name, file.bytes);
    await visit(`#url=${encodeURIComponent(server.url)}`);
    await page.reload();
    await expectOverview(page, file);
    await expect(page.locator(".meter-read")).toContainText("in");
    expect(server.sent()).toBeLessThan(Math.max(file.bytes.length, 0) + 256 * 1024);
  });
}

test("a sample is opened from the start page", async ({ page, visit }) => {
  await visit();
  await page.getByRole("button", { name: /IVF, healthy/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("IVF32,Flat");
  await expect(page).toHaveURL(/#sample=ivf$/);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/See what is in a FAISS index/);
});

test("a link to a page about a file reads the file, and one to no address says so", async ({ page, visit, allowed }) => {
  allowed.add("https://raw.githubusercontent.com");
  await page.route("https://raw.githubusercontent.com/**", (route) => route.abort());
  const asked = page.waitForRequest("https://raw.githubusercontent.com/a/b/main/i.faiss");
  await visit("#url=https://github.com/a/b/blob/main/i.faiss");
  await asked;
  for (const none of ["//", "javascript:alert(1)", "file:///i.faiss"]) {
    await visit(`#url=${none}`);
    await expect(page.getByRole("alert")).toContainText("This is no web address");
  }
});

test("a plain index file is explained, and says how to seal it", async ({ page, visit }) => {
  const file = FIXTURE_FILES.find(({ name }) => name === "flat_l2.faiss");
  if (!file) throw new Error("no flat_l2.faiss");
  await visit();
  await pick(page, file);
  await expect(page.getByLabel("Verdict")).toContainText("Not verifiable");
  await expect(page.getByLabel("Verdict")).toContainText("faissil seal flat_l2.faiss");
  await page.keyboard.press("3");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nothing to verify against");
});

test("bytes that are no index are refused in plain words", async ({ page, visit }) => {
  await visit();
  await pick(page, { name: "notes.txt", bytes: Buffer.from("hello, this is no index at all") });
  await expect(page.getByRole("alert")).toContainText("no FAISS index");
  await page.getByRole("button", { name: "Open another file" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/See what is in a FAISS index/);
});

test("pages of GitHub and Hugging Face are turned into raw files", async ({ page, visit }) => {
  await visit();
  const field = page.getByLabel("Or read one from the web, in pieces");
  await field.fill("https://github.com/owner/name/blob/main/folder/index.faiss");
  await expect(page.locator("#url-note")).toContainText("https://raw.githubusercontent.com/owner/name/main/folder/index.faiss");
  await field.fill("huggingface.co/datasets/owner/name/blob/main/index.faiss");
  await expect(page.locator("#url-note")).toContainText("https://huggingface.co/datasets/owner/name/resolve/main/index.faiss");
});
