// Servers that do not behave: each has its own sentence, and says what to do next.
import { SAMPLE_FILES } from "./files.ts";
import type { Behaviour } from "./servers.ts";
import { expect, expectOverview, test } from "./world.ts";

const found = SAMPLE_FILES.find(({ name }) => name.includes("hnsw"));
if (!found) throw new Error("no sample");
const file = found;

test("an overview of a remote file takes few requests and few bytes", async ({ page, visit, serve }) => {
  const server = await serve(file.name, file.bytes);
  await visit(`#url=${server.url}`);
  await expectOverview(page, file);
  expect(server.asked.length).toBeLessThanOrEqual(3);
  expect(server.sent()).toBeLessThanOrEqual(256 * 1024);
  await expect(page.locator(".meter-stays")).toHaveText(/sent nowhere/);
});

const FAULTS: readonly (readonly [string, Behaviour, RegExp])[] = [
  ["does not allow other pages", { noCors: true }, /does not let this page read it/],
  ["has no ranges", { noRanges: true }, /sends only whole files/],
  ["has no such file", { status: 404 }, /does not give the file.*404/s],
  ["has a fault", { status: 500 }, /does not give the file.*500/s],
  ["refuses a range", { unsatisfiableFrom: 1 }, /changed while it was read/],
];
for (const [what, behaviour, said] of FAULTS) {
  test(`a server that ${what}`, async ({ page, visit, serve }) => {
    const server = await serve(file.name, file.bytes);
    server.behave = behaviour;
    await visit(`#url=${server.url}`);
    await expect(page.getByRole("alert")).toContainText(said);
    await expect(page.getByRole("alert").getByRole("listitem").first()).toBeVisible();
    server.behave = {};
    await page.getByRole("button", { name: "Retry" }).click();
    await expectOverview(page, file);
  });
}

test("a server that is not there", async ({ page, visit, allowed }) => {
  allowed.add("http://127.0.0.1:9");
  await visit("#url=http://127.0.0.1:9/index.faissil");
  await expect(page.getByRole("alert")).toContainText("cannot be reached");
});

test("a file that changes while it is verified", async ({ page, visit, serve }) => {
  const server = await serve(file.name, file.bytes);
  await visit(`#url=${server.url}`);
  await expectOverview(page, file);
  server.behave = { changesFrom: 1 };
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ended early");
  await expect(page.getByText(/changed while it was read/)).toBeVisible();
});

test("a connection that breaks half-way is taken up again", async ({ page, visit, serve }) => {
  const server = await serve(file.name, file.bytes);
  await visit(`#url=${server.url}`);
  await expectOverview(page, file);
  server.behave = { breaksAt: server.asked.filter((each) => each.includes("bytes=")).length + 1 };
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Intact");
});

test("short answers are asked on from where they end", async ({ page, visit, serve }) => {
  const server = await serve(file.name, file.bytes);
  server.behave = { shortest: 20_000 };
  await visit(`#url=${server.url}`);
  await expectOverview(page, file);
});
