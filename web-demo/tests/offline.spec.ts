// After the first visit the page works without a network, and nothing of a file is kept.
import type { Page } from "@playwright/test";
import { FIXTURE_FILES } from "./files.ts";
import { expect, expectOverview, pick, test } from "./world.ts";

test("the page is reloaded without a network, and opens a file", async ({ page, context, visit }) => {
  const file = FIXTURE_FILES.find(({ name }) => name === "sealed_full.faissil");
  if (!file) throw new Error("no sealed_full.faissil");
  await visit();
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done));
  });
  await expect.poll(() => keptModules(page)).toEqual(["contents", "faissil", "health", "packed"]);
  await context.setOffline(true);
  await page.reload();
  await pick(page, file);
  await expectOverview(page, file);
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Intact");
  await page.keyboard.press("4");
  await expect(page.getByText("Each measure below says")).toBeVisible();
  await page.keyboard.press("5");
  await expect(page.locator(".vector-values li").first()).toBeVisible();
  for (const key of ["2", "6", "7", "8"]) await page.keyboard.press(key);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Compare with another file");
});

/** The modules that the browser keeps for this page. */
const keptModules = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const kept: string[] = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) {
        const found = /\/assets\/(\w+)-[\w-]+\.wasm$/.exec(url)?.[1];
        if (found !== undefined) kept.push(found);
      }
    }
    return kept.sort();
  });

test("a module is asked for when a view needs it, and not before", async ({ page, visit }) => {
  // Without the service worker, which fetches what is left while the page is idle.
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: { register: () => Promise.reject(new Error("none")) } }));
  const asked: string[] = [];
  page.context().on("request", (request) => {
    const found = /\/assets\/(\w+)-[\w-]+\.wasm$/.exec(request.url())?.[1];
    if (found !== undefined) asked.push(found);
  });
  await visit();
  expect(asked).toEqual([]);
  await visit("#sample=hnsw");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("IDMap2,HNSW16");
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Intact");
  expect(asked).toEqual(["faissil"]);
  await page.keyboard.press("5");
  await expect(page.locator(".vector-values li").first()).toBeVisible();
  expect(asked).toEqual(["faissil", "contents"]);
  await page.keyboard.press("4");
  await expect(page.getByText("Each measure below says")).toBeVisible();
  expect(asked).toEqual(["faissil", "contents", "health"]);
});

test("an address cannot be read without a network, and that is what is said", async ({ page, context, visit, serve }) => {
  const server = await serve("index.faissil", Buffer.alloc(100));
  await visit();
  await context.setOffline(true);
  await page.getByLabel("Or read one from the web, in pieces").fill(server.url);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("offline");
});
