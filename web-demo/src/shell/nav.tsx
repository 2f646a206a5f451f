// The views, by name and by number.
import { For, type JSX } from "solid-js";
import { print, route, VIEWS, go } from "../state/route";
import { VIEW_NAMES } from "./commands";

export function Nav(): JSX.Element {
  return (
    <nav class="nav" aria-label="Views">
      <For each={VIEWS}>
        {(view, at) => (
          <a
            href={print({ ...route(), view }) || "#"}
            aria-current={route().view === view ? "page" : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              go({ view });
            }}
          >
            {VIEW_NAMES[view]}
            <kbd aria-hidden="true">{at() + 1}</kbd>
          </a>
        )}
      </For>
    </nav>
  );
}
