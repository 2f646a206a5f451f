// A browser without WebGL has the map too, on a plain canvas.
import { launch } from "./chromium.ts";
import { expect, test } from "./world.ts";

test.use({ launchOptions: launch("--disable-3d-apis") });

test("points are drawn on a plain canvas", async ({ page, visit }) => {
  await visit("#sample=ivf&view=map");
  expect(await page.evaluate(() => document.createElement("canvas").getContext("webgl2"))).toBeNull();
  const map = page.getByRole("application");
  await expect(map).toHaveAttribute("data-painter", "canvas");
  const [list, none] = [await map.screenshot(), (await page.getByLabel("coloured by").selectOption("none"), await map.screenshot())];
  expect(list.equals(none)).toBe(false);
  await page.getByRole("button", { name: "Nearer" }).click();
  expect(none.equals(await map.screenshot())).toBe(false);
});
