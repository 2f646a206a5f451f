// The views, by name and by number.
import { createEffect, For, type JSX } from "solid-js";
import { print, route, VIEWS, go } from "../state/route";
import { VIEW_NAMES } from "./commands";

export function Nav(): JSX.Element {
  let nav!: HTMLElement;
  // On a narrow screen the views are a row that scrolls.
  createEffect(() => nav.querySelector(`[data-view=${route().view}]`)?.scrollIntoView({ block: "nearest", inline: "nearest" }));
  return (
    <nav ref={nav} class="nav" aria-label="Views">
      <For each={VIEWS}>
        {(view, at) => (
          <a
            data-view={view}
            href={`./${print({ ...route(), view })}`}
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
