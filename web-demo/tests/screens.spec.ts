// Pictures of every screen, light and dark, wide and narrow, in `screenshots/`, for people to look at.
import { VIEWS } from "./views.ts";
import { test } from "./world.ts";

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test(`pictures, ${colorScheme}, ${width} wide`, async ({ page, visit }) => {
      test.setTimeout(600_000);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: width > 1000 ? 800 : 844 });
      for (const view of VIEWS) {
        await visit();
        await visit(view.hash);
        await view.ready(page);
        await page.screenshot({ path: `screenshots/${view.name}-${colorScheme}-${width}.png` });
      }
    });
  }
}
