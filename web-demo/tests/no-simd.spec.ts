// A browser whose processor, or age, leaves it without WebAssembly SIMD is told so. This one is a real one: without SSSE3
// and SSE4.1 its engine has no SIMD.
import { launch } from "./chromium.ts";
import { FIXTURE_FILES } from "./files.ts";
import { expect, pick, test } from "./world.ts";

test.use({ launchOptions: launch("--js-flags=--no-enable-ssse3 --no-enable-sse4-1") });

test("a browser without SIMD is told which ones have it", async ({ page, visit }) => {
  await visit();
  const [file] = FIXTURE_FILES;
  if (!file) throw new Error("no fixture");
  await pick(page, file);
  const alert = page.getByRole("alert");
  await expect(alert.getByRole("heading", { level: 1 })).toHaveText("This browser is too old for the reader");
  await expect(alert).toContainText("no WebAssembly SIMD");
  await expect(alert).toContainText("Chrome or Edge 91, Firefox 89, Safari 16.4");
});
