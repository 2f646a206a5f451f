// The vectors of the index in two dimensions, or a sample of them, and the rows of those that are chosen there.
import { createEffect, createResource, on, onCleanup, Show, untrack, type JSX } from "solid-js";
import type { VectorMap } from "faissil";
import { count, plural, size } from "../../data/format";
import { chunkLength, mostRead } from "../../data/health/cost";
import { drawnBy } from "../../data/health/panel";
import { oneOf } from "../../data/health/vectors";
import { draw, drawing, map } from "../../state/examining";
import { rowCount } from "../../state/rows";
import { choose } from "../../state/selection";
import type { OpenFile } from "../../state/session";
import { chunks, prepare } from "../../state/verifying";
import { SampleForm } from "../../ui/sample-form";
import { ask } from "../../worker/client";
import { Drawn } from "./drawn";
import "./map.css";

/** What is read of a file on the web without being asked to. */
const FREE = 8 << 20;
/** Points and bytes of a map at most, and points of a sample where nobody says how many, as the core has them. */
const MOST = { points: 5000, bytes: 40 << 20 } as const;
const SAMPLE = 4096;

export default function MapView(props: { file: OpenFile }): JSX.Element {
  const isRemote = (): boolean => "url" in props.file.source;
  let isGone = false;
  onCleanup(() => (isGone = true));
  const [cost] = createResource(
    () => props.file,
    async (file) => {
      if (rowCount(file) === 0) return 0;
      await prepare(file);
      const bytes = await costOf(file);
      if (!isGone && untrack(drawing.phase) === "idle" && (!untrack(isRemote) || bytes <= FREE)) draw(file, {});
      return bytes;
    },
  );
  createEffect(on(drawing.sample, (sample) => choose({ sample })));
  const again = (): JSX.Element => (
    <SampleForm sample={drawing.sample()} canHaveAll={false} rows={String(SAMPLE)} doing="Draw it" onDraw={(sample) => draw(props.file, sample)} />
  );
  return (
    <Show when={rowCount(props.file) > 0} fallback={<p class="opening">There are no vectors in it.</p>}>
      <Show when={map()} fallback={<Waiting isReady={!cost.loading} cost={cost() ?? 0} isRemote={isRemote()} onDraw={() => draw(props.file, drawing.sample())} again={again()} />} keyed>
        {(now) => <Drawn map={now} file={props.file} stated={stated(now)} again={again()} />}
      </Show>
    </Show>
  );
}

/** Bytes that a map of the usual size reads at most: what health plans for as many vectors, with all that they are decoded with. */
async function costOf(file: OpenFile): Promise<number> {
  const row = 4 * Number(file.inspection.index?.d ?? 0);
  const all = rowCount(file);
  const rows = Math.min(all <= MOST.points ? all : SAMPLE, Math.max(1, Math.floor(MOST.bytes / (row || 1))));
  const { parts } = await ask("healthPlan", { handle: file.handle, sample: { rows } });
  const vectors = parts.filter(({ part, omitted }) => part === "vectors" && omitted === null);
  const runs = vectors.map(({ coverage, bytes_most }) => ({ runs: coverage.sample?.runs ?? 1, bytes: bytes_most }));
  return mostRead(runs, chunkLength(chunks()), Number(file.inspection.size_bytes));
}

/** What the picture shows, and how much of the index and of the vectors is not in it. */
function stated({ coverage, fidelity, variance, explained_share: [first, second], left_out }: VectorMap): string {
  const percent = (value: number): string => `${(100 * value).toFixed(1)}\u202f%`;
  const vector = oneOf(fidelity);
  const which =
    coverage.tag === "complete"
      ? `All ${plural(coverage.of, vector)}`
      : `A random sample of ${plural(coverage.looked_at, vector)} out of ${count(coverage.of)} (${drawnBy(coverage)})`;
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
