// A list of 100 million rows: every one of them can be reached, and few bytes are read for it.
import { tall } from "./servers.ts";
import { expect, test } from "./world.ts";

test("100 million rows are listed, from the first to the last", async ({ page, visit, serve }) => {
  const server = await serve("tall.faiss", tall());
  await visit(`#url=${server.url}&view=vectors`);
  const list = page.getByRole("listbox", { name: /Rows/ });
  await list.focus();
  await page.keyboard.press("End");
  await expect(page.getByRole("option", { selected: true })).toContainText("99999999");
  await expect(page.getByRole("option", { selected: true })).toBeInViewport();
  await page.keyboard.press("Home");
  await expect(page.getByRole("option", { selected: true })).toBeInViewport();

  await page.getByRole("searchbox").fill("#50000000");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("option", { selected: true })).toContainText("50000000");
  await expect(page.getByRole("option", { selected: true })).toBeInViewport();

  // The wheel moves by rows, also where the scroll bar stands for millions of them.
  await list.hover();
  await page.mouse.wheel(0, -240);
  await expect(page.getByRole("option").filter({ hasText: "49999970" })).toBeVisible();
  expect(server.sent()).toBeLessThan(4 * 1024 * 1024);
});
