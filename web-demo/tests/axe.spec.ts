// No violation that axe knows of, in any view, light and dark, wide and narrow.
import AxeBuilder from "@axe-core/playwright";
import { VIEWS } from "./views.ts";
import { expect, test } from "./world.ts";

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test(`no violations, ${colorScheme}, ${width} wide`, async ({ page, visit }) => {
      test.setTimeout(600_000);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 844 });
      for (const view of VIEWS) {
        await visit();
        await visit(view.hash);
        await view.ready(page);
        const { violations } = await new AxeBuilder({ page }).analyze();
        const said = violations.map(({ id, nodes }) => `${view.name}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
        expect(said).toEqual([]);
      }
    });
  }
}
