// The map beside the rows of its points: all of them, or those that are chosen.
import { createMemo, createSignal, For, Show, type JSX } from "solid-js";
import type { VectorMap } from "faissil";
import { count, float, plural } from "../../data/format";
import { COLOURS, colours, css, ramp, spread, type ColouredBy } from "../../data/map/colours";
import { inSight } from "../../data/map/pick";
import type { Sight, Size } from "../../data/map/view";
import { go, route } from "../../state/route";
import { namedPages } from "../../state/rows";
import type { OpenFile } from "../../state/session";
import { theme } from "../../state/theme";
import { Virtual } from "../../ui/virtual";
import "../../ui/virtual.css";
import { Scatter, type Hand } from "./scatter";

/** How opaque points are: where others are chosen these stand back. */
const OPACITY = { usual: 215, chosen: 255, back: 46 } as const;
const COLOUR_NAMES: Readonly<Record<ColouredBy, string>> = { list: "inverted list", norm: "norm", none: "nothing" };

export function Drawn(props: { map: VectorMap; file: OpenFile; stated: string; again: JSX.Element }): JSX.Element {
  const { pages, names } = namedPages(() => props.file);
  const [picked, setPicked] = createSignal<readonly number[]>();
  const [isLasso, setLasso] = createSignal(false);
  const [hand, setHand] = createSignal<Hand>();
  let seen: { sight: Sight; size: Size } | undefined;

  const possible = (): readonly ColouredBy[] => COLOURS.filter((each) => each !== "list" || props.map.list !== null);
  const by = (): ColouredBy => possible().find((each) => each === route().colour) ?? possible()[0] ?? "none";
  const shades = createMemo(() => {
    const rgb = colours(by(), props.map.list, props.map.norm, theme());
    const chosen = picked() && new Set(picked());
    const all = new Uint8Array(4 * props.map.row.length);
    props.map.row.forEach((_, at) => all.set([...rgb(at), !chosen ? OPACITY.usual : chosen.has(at) ? OPACITY.chosen : OPACITY.back], 4 * at));
    return all;
  });
  /** The points of the list, by their places on the map. */
  const listed = createMemo((): readonly number[] => picked() ?? props.map.row.map((_, at) => at));
  const rowOf = (point: number): number => props.map.row[point] ?? 0;
  const chosen = createMemo(() => {
    const at = props.map.row.indexOf(Number(route().row ?? Number.NaN));
    return at < 0 ? undefined : at;
  });
  const inList = createMemo(() => {
    const at = chosen() === undefined ? -1 : listed().indexOf(chosen() ?? -1);
    return at < 0 ? undefined : at;
  });
  const chooseRow = (point: number): void => go({ row: String(rowOf(point)) });
  const idOf = (point: number): string => pages().idOf(rowOf(point))?.toString() ?? "…";
  const says = (point: number): string => {
    const { list, norm } = props.map;
    const name = pages().nameOf(rowOf(point));
    const where = list ? `, list ${count(list[point] ?? 0)}` : "";
    return `${name === "" ? `${props.file.inspection.ids ? "id" : "row"} ${idOf(point)}` : name} · row ${count(rowOf(point))}${where} · norm ${float(norm[point] ?? 0)}`;
  };
  const label = (): string =>
    `Map of ${plural(props.map.row.length, "point")}. Arrow keys move, plus and minus magnify, 0 shows all, n and p go to the next point and back. Rows are in the list.`;
  return (
    <div class="split map">
      <div class="map-main">
        <header>
          <h1 class="hidden-text">Map</h1>
          <p class="quiet" role="status">
            {props.stated}
          </p>
          <div class="map-bar">
            <span class="map-tools" role="group" aria-label="What dragging does">
              <button type="button" class="button" aria-pressed={!isLasso()} onClick={() => setLasso(false)}>
                Move
              </button>
              <button type="button" class="button" aria-pressed={isLasso()} title="Or drag with Shift" onClick={() => setLasso(true)}>
                Lasso
              </button>
            </span>
            <span class="map-tools" role="group" aria-label="Magnify">
              <button type="button" class="button" aria-label="Nearer" onClick={() => hand()?.magnify(1.6)}>
                +
              </button>
              <button type="button" class="button" aria-label="Farther" onClick={() => hand()?.magnify(1 / 1.6)}>
                −
              </button>
              <button type="button" class="button" onClick={() => hand()?.showAll()}>
                All
              </button>
            </span>
            <label>
              coloured by{" "}
              <select class="field" value={by()} onChange={(event) => go({ colour: event.currentTarget.value })}>
                <For each={possible()}>{(each) => <option value={each}>{COLOUR_NAMES[each]}</option>}</For>
              </select>
            </label>
            <Show when={by() === "norm"}>
              <NormKey norm={props.map.norm} />
            </Show>
            <button type="button" class="button" onClick={() => seen && setPicked(inSight(props.map, seen.sight, seen.size))}>
              Choose what is in sight
            </button>
          </div>
        </header>
        <Scatter
          points={props.map}
          colours={shades()}
          chosen={chosen()}
          says={says}
          label={label()}
          isLasso={isLasso()}
          onHand={setHand}
          onSight={(sight, size) => (seen = { sight, size })}
          onPoint={(point) => point !== undefined && pages().want([rowOf(point)])}
          onChoose={chooseRow}
          onLoop={(points) => setPicked(points.length > 0 ? points : undefined)}
        />
      </div>
      <section class="map-list" aria-label="Rows on the map">
        <header>
          <h2>
            <span role="status">{picked() ? `${count(listed().length)} of ${plural(props.map.row.length, "point")} chosen` : `All ${plural(props.map.row.length, "point")}`}</span>
          </h2>
          <Show when={picked()}>
            <button type="button" class="text-button" onClick={() => setPicked(undefined)}>
              Choose none
            </button>
          </Show>
        </header>
        <Virtual
          class="map-rows"
          label="Rows on the map, with their ids. Enter shows one in Vectors."
          count={listed().length}
          row={24}
          chosen={inList()}
          onChoose={(at) => chooseRow(listed()[at] ?? 0)}
          onEnter={() => go({ view: "vectors" })}
          onSight={(first, number) => pages().want(listed().slice(first, first + number).map(rowOf))}
        >
          {(at) => (
            <>
              <span class="num faint">{count(rowOf(listed()[at] ?? 0))}</span>
              <span class="mono">{idOf(listed()[at] ?? 0)}</span>
              <Show when={names()} fallback={<span class="num faint">{props.map.list ? `list ${count(props.map.list[listed()[at] ?? 0] ?? 0)}` : float(props.map.norm[listed()[at] ?? 0] ?? 0)}</span>}>
                <span class="rows-name">{pages().nameOf(rowOf(listed()[at] ?? 0))}</span>
              </Show>
            </>
          )}
        </Virtual>
        <footer>
          <Show when={chosen() !== undefined} fallback={<p class="quiet">Choose a point to see what it is.</p>}>
            <p class="map-chosen">{says(chosen() ?? 0)}</p>
            <button type="button" class="button" onClick={() => go({ view: "vectors" })}>
              Show it in Vectors
            </button>
          </Show>
          {props.again}
        </footer>
      </section>
    </div>
  );
}

/** What the colours stand for, from the least norm to the greatest. */
function NormKey(props: { norm: readonly number[] }): JSX.Element {
  const ends = createMemo(() => spread(props.norm));
  const steps = Array.from({ length: 12 }, (_, at) => at / 11);
  return (
    <Show when={!ends().areEqual} fallback={<span class="norm-key num faint">all {float(ends().most)}</span>}>
      <span class="norm-key num faint">
        {float(ends().least)}{" "}
        <svg width="72" height="10" viewBox="0 0 12 1" preserveAspectRatio="none" aria-hidden="true">
          <For each={steps}>{(share, at) => <rect x={at()} width="1.02" height="1" fill={css(ramp(share, theme()))} />}</For>
        </svg>{" "}
        {float(ends().most)}
      </span>
    </Show>
  );
}
