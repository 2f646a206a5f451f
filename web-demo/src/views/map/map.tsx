// The vectors of the index in two dimensions, or a sample of them, and the rows of those that are chosen there.
import { createEffect, createResource, on, onCleanup, Show, untrack, type JSX } from "solid-js";
import type { VectorMap } from "faissil";
import { plural, size } from "../../data/format";
import { chunkLength, mostRead } from "../../data/health/cost";
import { drawnBy } from "../../data/health/panel";
import type { SampleOf } from "../../data/sample";
import { draw, drawing, map } from "../../state/examining";
import { rowCount } from "../../state/rows";
import { choose } from "../../state/selection";
import type { OpenFile } from "../../state/session";
import { chunks, prepare } from "../../state/verifying";
import { SampleForm } from "../../ui/sample-form";
import { Drawn } from "./drawn";
import "./map.css";

/** What is read of a file on the web without being asked to. */
const FREE = 8 << 20;
/** Points and bytes of a map at most, and points of a sample where nobody says how many, as the core has them. */
const MOST = { points: 5000, bytes: 40 << 20 } as const;
const SAMPLE = 4096;

export default function MapView(props: { file: OpenFile }): JSX.Element {
  const isRemote = (): boolean => "url" in props.file.source;
  const cost = (sample: SampleOf): number => {
    const row = 4 * Number(props.file.inspection.index?.d ?? 0);
    const all = rowCount(props.file);
    const rows = Math.min(all, sample.rows ?? (all <= MOST.points ? all : SAMPLE), MOST.points, Math.floor(MOST.bytes / (row || 1)));
    const runs = rows < all ? Math.min(rows, sample.runs ?? 256) : 1;
    return mostRead([{ runs, bytes: rows * row }], chunkLength(chunks()), Number(props.file.inspection.size_bytes));
  };
  let isGone = false;
  onCleanup(() => (isGone = true));
  const [isReady] = createResource(
    () => props.file,
    async (file) => {
      if (untrack(drawing.phase) !== "idle") return true;
      await prepare(file);
      if (!isGone && untrack(drawing.phase) === "idle" && rowCount(file) > 0 && (!untrack(isRemote) || untrack(() => cost({})) <= FREE)) draw(file, {});
      return true;
    },
  );
  createEffect(on(drawing.sample, (sample) => choose({ sample })));
  const again = (): JSX.Element => (
    <SampleForm sample={drawing.sample()} canHaveAll={false} rows={String(SAMPLE)} doing="Draw it" onDraw={(sample) => draw(props.file, sample)} />
  );
  return (
    <Show when={rowCount(props.file) > 0} fallback={<p class="opening">There are no vectors in it.</p>}>
      <Show when={map()} fallback={<Waiting isReady={!isReady.loading} cost={cost({})} isRemote={isRemote()} onDraw={() => draw(props.file, drawing.sample())} again={again()} />} keyed>
        {(now) => <Drawn map={now} file={props.file} stated={stated(now)} again={again()} />}
      </Show>
    </Show>
  );
}

/** What the picture shows, and how much of the index and of the vectors is not in it. */
function stated({ coverage, variance, explained_share: [first, second], left_out }: VectorMap): string {
  const percent = (value: number): string => `${(100 * value).toFixed(1)}\u202f%`;
  const which =
    coverage.tag === "complete"
      ? `All ${plural(coverage.of, "vector")}`
      : `A random sample of ${plural(coverage.looked_at, "vector")} out of ${plural(coverage.of, "vector").replace(/\u00a0vectors?$/, "")} (${drawnBy(coverage)})`;
  const without = left_out > 0 ? ` ${plural(left_out, "row")} with a value that is not finite ${left_out === 1 ? "is" : "are"} left out.` : "";
  if (variance === 0) return `${which}. All of them are the same.${without}`;
  return `${which}, along the two directions in which they vary most: ${percent(first)} of the variance across, ${percent(second)} up. The other ${percent(Math.max(0, 1 - first - second))} is not in the picture.${without}`;
}

function Waiting(props: { isReady: boolean; cost: number; isRemote: boolean; onDraw: () => void; again: JSX.Element }): JSX.Element {
  const phase = () => drawing.phase();
  return (
    <div class="sheet map-waiting">
      <h1>{phase() === "failed" ? "No map" : "Map"}</h1>
      <p role="status">
        <Show when={phase() === "failed"}>{drawing.fault()?.message}</Show>
        <Show when={phase() === "running"}>Reading the vectors, and finding the directions in which they vary most…</Show>
        <Show when={phase() === "stopped"}>Stopped.</Show>
      </p>
      <Show when={phase() === "running"}>
        <progress value={drawing.share()} aria-label="How much is done" />
        <p>
          <button type="button" class="button" onClick={() => drawing.stop()}>
            Stop <kbd>s</kbd>
          </button>
        </p>
      </Show>
      <Show when={props.isReady && (phase() === "idle" || phase() === "stopped")}>
        <p>
          A map reads a random sample of the vectors: {size(props.cost)} at most{props.isRemote ? ", from its server" : ""}.
        </p>
        <p>
          <button type="button" class="button strong" onClick={props.onDraw}>
            Draw the map
          </button>
        </p>
        {props.again}
      </Show>
    </div>
  );
}
