// A list of 100 million rows: every one of them can be reached, and few bytes are read for it.
import { expect, test } from "./world.ts";

const ROWS = 100_000_000;

/** A flat index of one dimension, of which only the header is written down; all values are zero. */
function tall(): { length: number; subarray: (from: number, to: number) => Uint8Array } {
  const head = Buffer.alloc(45);
  head.write("IxF2");
  head.writeInt32LE(1, 4);
  head.writeBigInt64LE(BigInt(ROWS), 8);
  head.writeBigInt64LE(1n << 20n, 16);
  head.writeBigInt64LE(1n << 20n, 24);
  head.writeUInt8(1, 32);
  head.writeInt32LE(1, 33);
  head.writeBigUInt64LE(BigInt(ROWS), 37);
  return {
    length: head.length + 4 * ROWS,
    subarray: (from, to) => {
      const bytes = Buffer.alloc(to - from);
      if (from < head.length) head.copy(bytes, 0, from, Math.min(to, head.length));
      return bytes;
    },
  };
}

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
