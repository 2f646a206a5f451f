// Light or dark: as the system says, until someone switches. The choice is kept in this browser.
import { createSignal } from "solid-js";

export type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");
const kept = (): Theme | undefined => {
  try {
    const value = localStorage.getItem("theme");
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
};

const [theme, setTheme] = createSignal<Theme>(kept() ?? (dark.matches ? "dark" : "light"));
export { theme };

/** Follows the system, and puts the theme on the page. */
export function startTheme(): void {
  show(theme());
  dark.addEventListener("change", () => {
    if (!kept()) show(dark.matches ? "dark" : "light");
  });
}

/** The other one. What the system says already is not kept, so that the page goes on following it. */
export function switchTheme(): void {
  const next = theme() === "dark" ? "light" : "dark";
  try {
    if (next === (dark.matches ? "dark" : "light")) localStorage.removeItem("theme");
    else localStorage.setItem("theme", next);
  } catch {
    // Storage is closed to the page: the choice lasts as long as the tab.
  }
  show(next);
}

function show(next: Theme): void {
  document.documentElement.dataset.theme = next;
  setTheme(next);
}
