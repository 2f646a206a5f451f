// What is shown lives in the hash, so that a link shows the same: `#url=…&expect=…&view=integrity`.
// A local file has no address: its links say the view, and the page asks for the file.
import { createSignal } from "solid-js";

export const VIEWS = ["overview", "structure", "integrity", "health", "vectors", "map", "attached", "compare"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  /** Address of a remote index file. */
  url?: string | undefined;
  /** Address of the file with its inverted lists, where they are in one of their own. */
  side?: string | undefined;
  /** Name of one of the samples that come with the page. */
  sample?: string | undefined;
  /** Snapshot digest that is expected, in hex. */
  expect?: string | undefined;
  view: View;
  /** Path of the chosen part, in structure. */
  part?: string | undefined;
  /** The chosen row, in vectors and on the map. */
  row?: string | undefined;
  /** What points of the map are coloured by. */
  colour?: string | undefined;
}

/** Reads a hash; whatever it does not know it ignores. */
export function parse(hash: string): Route {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const view = params.get("view");
  const text = (key: string): string | undefined => params.get(key) ?? undefined;
  return {
    url: text("url"),
    side: text("side"),
    sample: text("sample"),
    expect: text("expect"),
    view: VIEWS.find((known) => known === view) ?? "overview",
    part: text("part"),
    row: text("row"),
    colour: text("colour"),
  };
}

/** Writes a hash that `parse` reads; empty for a page with nothing open. */
export function print(route: Route): string {
  const params = new URLSearchParams();
  for (const key of ["url", "side", "sample", "expect", "view", "part", "row", "colour"] as const) {
    const value = route[key];
    if (value !== undefined && !(key === "view" && value === "overview")) params.set(key, value);
  }
  const text = params.toString().replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%5B/g, "[").replace(/%5D/g, "]");
  return text === "" ? "" : `#${text}`;
}

const [route, setRoute] = createSignal<Route>(parse(location.hash));
export { route };

/** Changes the route. A change of view or file is a step that Back undoes; smaller ones are not. */
export function go(change: Partial<Route>): void {
  const before = route();
  const next: Route = { ...before, ...change };
  const isStep = next.view !== before.view || next.url !== before.url || next.sample !== before.sample;
  const address = print(next) || location.pathname + location.search;
  if (isStep) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  setRoute(next);
}

/** Follows Back, Forward and hashes that are typed; calls when the file they name is another one. */
export function follow(onOtherFile: (route: Route) => void): void {
  const read = (): void => {
    const before = route();
    const next = parse(location.hash);
    setRoute(next);
    if (next.url !== before.url || next.sample !== before.sample || next.expect !== before.expect) onOtherFile(next);
  };
  addEventListener("popstate", read);
}
