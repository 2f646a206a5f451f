// What is shown lives in the hash, so that a link shows the same: `#url=…&expect=…&view=integrity`.
// A local file has no address: its links say the view, and the page asks for the file.
import { createSignal } from "solid-js";
import { rewrite } from "../data/links";

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
  const address = (key: string): string | undefined => raw(params.get(key) ?? "");
  return {
    url: address("url"),
    side: address("side"),
    sample: text("sample"),
    expect: text("expect"),
    view: VIEWS.find((known) => known === view) ?? "overview",
    part: text("part"),
    row: text("row"),
    colour: text("colour"),
  };
}

/** The address of the file behind the address of a page; what is no web address stays as it is, for opening it to say so. */
function raw(pasted: string): string | undefined {
  if (pasted.trim() === "") return undefined;
  try {
    const { url, why } = rewrite(pasted);
    return why === undefined && pasted.includes("://") ? pasted : url;
  } catch {
    return pasted;
  }
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
  setRoute(next);
  if (isStep) {
    settle(before);
    history.pushState(null, "", address(next));
  } else settling ??= setTimeout(() => settle(route()), 150);
}

const address = (of: Route): string => print(of) || location.pathname + location.search;

/** Waits to write small changes down: browsers refuse an address that changes with every row an arrow key runs over. */
let settling: ReturnType<typeof setTimeout> | undefined;

function settle(now: Route): void {
  if (settling === undefined) return;
  clearTimeout(settling);
  settling = undefined;
  history.replaceState(null, "", address(now));
}

/** The address of what is shown. */
export function link(): string {
  settle(route());
  return location.href;
}

/** Follows Back, Forward and hashes that are typed; calls when the file they name is another one. */
export function follow(onOtherFile: (route: Route) => void): void {
  const read = (): void => {
    clearTimeout(settling);
    settling = undefined;
    const before = route();
    const next = parse(location.hash);
    setRoute(next);
    if (next.url !== before.url || next.side !== before.side || next.sample !== before.sample) onOtherFile(next);
  };
  addEventListener("popstate", read);
}
