// A journey without a mouse: from the start page through every view, and out again.
import { expect, test } from "./world.ts";

test("a sample is opened, verified and looked through by keys alone", async ({ page, visit }) => {
  await visit();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Find a command" })).toBeFocused();
  await page.keyboard.type("damaged");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("IDMap2,HNSW16");

  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Damaged");

  await page.keyboard.press("2");
  const tree = page.getByRole("treegrid");
  await tree.focus();
  await page.keyboard.press("ArrowDown");
  await expect(tree.getByRole("row", { selected: true })).toContainText("IndexHNSWFlat");
  await page.keyboard.press("ArrowLeft");
  await expect(tree.getByRole("row")).toHaveCount(4);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("End");
  await expect(tree.getByRole("row", { selected: true })).toContainText("id_map");
  await expect(page.getByText("the first 64 of 2 000")).toBeVisible();

  await page.keyboard.press("5");
  await expect(page.getByRole("searchbox")).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("#1999");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/row=1999/);
  await page.getByRole("listbox", { name: /Rows/ }).focus();
  await page.keyboard.press("Home");
  await expect(page).toHaveURL(/row=0/);
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("option", { selected: true })).toContainText("99929038427454");

  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeHidden();

  await page.keyboard.press("t");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.keyboard.press("x");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/See what is in a FAISS index/);
});

test("every control of the start page is reached by Tab, in order", async ({ page, visit }) => {
  await visit();
  const reached: string[] = [];
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement?.textContent.trim().slice(0, 24) ?? ""));
  }
  expect(reached[0]).toBe("Skip to content");
  expect(reached.some((text) => text.startsWith("Drop an index file"))).toBe(true);
  expect(reached.some((text) => text.startsWith("HNSW, damaged"))).toBe(true);
});

test("arrows turn from language to language, and what is opened has the focus", async ({ page, visit }) => {
  await visit("#sample=damaged");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("IDMap2,HNSW16");
  await expect(page.locator("main")).toBeFocused();
  const tabs = page.getByRole("tablist", { name: "Language" }).getByRole("tab");
  await tabs.first().focus();
  await page.keyboard.press("ArrowRight");
  await expect(tabs.nth(1)).toBeFocused();
  await expect(tabs.nth(1)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await expect(tabs.last()).toBeFocused();
});

test("where a page may not copy, that is said", async ({ page, visit }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await visit("#sample=damaged");
  await page.getByRole("button", { name: "Copy the line" }).click();
  await expect(page.locator(".notice")).toHaveText(/does not let this page copy/);
});
