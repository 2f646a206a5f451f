// A snapshot whose rows were had in several ways: which rows how, and what that makes of one of them. What the fixture
// records is in `tests/tests/fidelity_runs.rs`, which writes it.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, pick, test } from "./world.ts";

const file = { name: "runs.faissil", bytes: readFileSync(resolve(import.meta.dirname, "../../fixtures/snapshot/runs.faissil")) };
const BULK = "bulk vectors, from the id map";
const SINGLY = "reconstruct one by one, from the id map";

test("runs of rows are listed with their fidelity, and a row has that of its run", async ({ page, visit }) => {
  await visit();
  await pick(page, file);
  const rows = page.getByRole("table", { name: "Fidelity by rows" }).locator("tbody tr");
  await expect(rows).toHaveCount(4);
  expect(await rows.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)))).toEqual([
    ["0..24", "exact vectors", BULK],
    ["24..27", "decoded vectors", SINGLY],
    ["27..28", "placeholder", "placeholders"],
    ["28..40", "decoded vectors", SINGLY],
  ]);

  await page.keyboard.press("5");
  for (const [row, said] of [
    [23, `exact vectors (${BULK})`],
    [24, `decoded vectors (${SINGLY})`],
    [27, "placeholder (placeholders)"],
    [39, `decoded vectors (${SINGLY})`],
  ] as const) {
    await page.getByRole("searchbox").fill(`#${row}`);
    await page.keyboard.press("Enter");
    const chosen = page.getByRole("region", { name: "The chosen row" });
    await expect(chosen).toContainText(`row ${row}`);
    await expect(chosen).toContainText(`This row: ${said}`);
  }
});

test("an index without such runs has no table of them", async ({ page, visit }) => {
  await visit();
  await pick(page, { name: "flat_l2.faiss", bytes: readFileSync(resolve(import.meta.dirname, "../../fixtures/faiss/1.15.1/flat_l2.faiss")) });
  await expect(page.getByText("Fidelity", { exact: true })).toBeVisible();
  await expect(page.getByRole("table", { name: "Fidelity by rows" })).toHaveCount(0);
});
