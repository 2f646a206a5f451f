// `faissil view`: the real command serves the page that is in it, and a real file.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { SAMPLE_FILES } from "./files.ts";
import { COMMAND } from "./native.ts";
import { expect, expectOverview, test } from "./world.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const found = SAMPLE_FILES.find(({ name }) => name.includes("damaged"));
if (!found) throw new Error("no sample");
const damaged = found;

let folder: string;
let running: ChildProcess | undefined;
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "served-"));
});
test.afterEach(() => {
  running?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Runs `faissil view` on a file in the folder; gives the address that it prints. */
async function view(name: string, ...options: readonly string[]): Promise<string> {
  running = spawn(COMMAND, ["view", "--no-open", ...options, name], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  if (!running.stdout) throw new Error("no output");
  for await (const line of createInterface(running.stdout)) return line;
  throw new Error("it ended without an address");
}

test("a snapshot is opened, verified and damaged as natively", async ({ page, allowed }) => {
  writeFileSync(join(folder, damaged.name), damaged.bytes);
  const url = await view(damaged.name, "--expect", damaged.inspect.snapshot_digest ?? "");
  allowed.add(new URL(url).origin);
  await page.goto(url);
  await expectOverview(page, damaged);
  await expect(page.getByLabel("Verdict")).toContainText("As recorded");
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Damaged");
  for (const damage of damaged.verify.damage) await expect(page.locator(".damage > ol > li").filter({ hasText: damage.reason })).toContainText(damage.path);
  // Nothing of a page that is gone tomorrow stays in the browser.
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);

  const ended = running ? once(running, "exit") : undefined;
  running?.kill("SIGINT");
  expect((await ended)?.[0]).toBe(0);
  await page.keyboard.press("1");
  await expect(page.getByLabel("Verdict")).toContainText("Damaged");
});

test("the modules that come later are in the command too", async ({ page, allowed }) => {
  writeFileSync(join(folder, damaged.name), damaged.bytes);
  const url = await view(damaged.name);
  allowed.add(new URL(url).origin);
  await page.goto(url);
  await expectOverview(page, damaged);
  await page.keyboard.press("4");
  await expect(page.getByRole("heading", { name: "Graph" })).toBeVisible();
  await page.keyboard.press("5");
  await expect(page.locator(".vector-values li").first()).toBeVisible();
});

test("a file with its lists in another has them", async ({ page, allowed }) => {
  for (const name of ["ivf_flat_ondisk.faiss", "ivf_flat_ondisk.ivfdata"]) copyFileSync(join(ROOT, "fixtures/faiss/1.15.1", name), join(folder, name));
  const url = await view("ivf_flat_ondisk.faiss");
  allowed.add(new URL(url).origin);
  await page.goto(url);
  await expect(page.locator(".top-name")).toHaveText("ivf_flat_ondisk.faiss");
  await expect(page.getByLabel("Verdict")).toContainText("Not verifiable");
  await expect(page.getByLabel("Key facts")).toContainText("ivf_flat_ondisk.ivfdata");
  // The ids stand in that file.
  await expect(page.getByLabel("Key facts")).toContainText("60, arbitrary, 0 to 59");
});
