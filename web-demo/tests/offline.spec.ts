// After the first visit the page works without a network, and nothing of a file is kept.
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
  await context.setOffline(true);
  await page.reload();
  await pick(page, file);
  await expectOverview(page, file);
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Intact");
  for (const key of ["2", "4", "5", "6"]) await page.keyboard.press(key);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Compare with another file");
});

test("an address cannot be read without a network, and that is what is said", async ({ page, context, visit, serve }) => {
  const server = await serve("index.faissil", Buffer.alloc(100));
  await visit();
  await context.setOffline(true);
  await page.getByLabel("Or read one from the web, in pieces").fill(server.url);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("offline");
});
