// The keyboard of the page. Letters are commands only outside fields, and nothing the browser uses is taken from it.
import { onCleanup } from "solid-js";
import { available, isHelpOpen, isPaletteOpen } from "./commands";

/** Listens while the component that calls it is there. */
export function startKeys(): void {
  const press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey) return;
    const mod = event.ctrlKey || event.metaKey;
    if (!mod && (isField(event.target) || isHelpOpen() || isPaletteOpen())) return;
    const command = available().find((each) => each.key === event.key.toLowerCase() && (each.mod ?? false) === mod);
    if (!command) return;
    event.preventDefault();
    command.run();
  };
  addEventListener("keydown", press);
  onCleanup(() => removeEventListener("keydown", press));
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
