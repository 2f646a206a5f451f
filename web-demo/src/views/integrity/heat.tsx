// All chunks as cells on a canvas, which fill as they are checked. A cell that is damaged differs in shape too.
import { createEffect, createMemo, createSignal, on, onCleanup, onMount, type JSX } from "solid-js";
import { chunkAt, gridOf, type Grid } from "../../data/cells";
import { count, hex, size } from "../../data/format";
import type { Inspection } from "../../data/json";
import { regionsOf } from "../../data/tree";
import { theme } from "../../state/theme";
import { chunkStates, tally } from "../../state/verifying";
import { DAMAGED, INTACT } from "../../worker/protocol";

const HEIGHT = 230;
const WORDS = ["not checked", "intact", "damaged"];

export function Heat(props: { chunks: Float64Array; inspection: Inspection }): JSX.Element {
  let canvas!: HTMLCanvasElement;
  const [width, setWidth] = createSignal(800);
  const [at, setAt] = createSignal<number>();
  const chunks = (): number => props.chunks.length / 2;
  const grid = createMemo(() => gridOf(chunks(), width(), HEIGHT));
  // Regions are places of the stream, which only a sealed snapshot keeps where they are.
  const regions = createMemo(() => (props.inspection.kind === "sealed" ? regionsOf(props.inspection).filter((each) => each.role !== "fields") : []));

  onMount(() => {
    const watching = new ResizeObserver(() => setWidth(canvas.parentElement?.clientWidth ?? 800));
    if (canvas.parentElement) watching.observe(canvas.parentElement);
    onCleanup(() => watching.disconnect());
  });
  createEffect(on([grid, tally, theme, at], ([now, , , pointed]) => draw(canvas, now, chunks(), pointed)));

  const said = createMemo(() => {
    const chunk = at();
    tally();
    if (chunk === undefined) return undefined;
    const end = Math.min(chunks(), chunk + grid().each);
    const from = props.chunks[2 * chunk] ?? 0;
    const to = (props.chunks[2 * end - 2] ?? 0) + (props.chunks[2 * end - 1] ?? 0);
    const states = chunkStates().subarray(chunk, end);
    const state = states.includes(DAMAGED) ? DAMAGED : states.every((each) => each === INTACT) ? INTACT : 0;
    const here = regions().filter((each) => each.offset < to && from < each.offset + each.bytes);
    const what = here.slice(0, 3).map((each) => each.label).join(", ") || (props.inspection.kind === "sealed" ? "fields" : "coded");
    return {
      name: grid().each === 1 ? `chunk ${count(chunk)}` : `chunks ${count(chunk)} to ${count(end - 1)}`,
      state: WORDS[state] ?? "",
      where: `${hex(from)}, ${size(to - from)}`,
      what: here.length > 3 ? `${what} and ${here.length - 3} more` : what,
    };
  });

  const press = (event: KeyboardEvent): void => {
    const { each, columns } = grid();
    const step = { ArrowRight: each, ArrowLeft: -each, ArrowDown: each * columns, ArrowUp: -each * columns, Home: -chunks(), End: chunks() }[event.key];
    if (event.key === "d") jump();
    else if (step === undefined) return;
    else setAt((before) => Math.max(0, Math.min(lastCell(chunks(), each), (before ?? -step) + step)));
    event.preventDefault();
  };
  /** On to the next damaged chunk. */
  const jump = (): void => {
    const states = chunkStates();
    const next = states.indexOf(DAMAGED, (at() ?? -1) + grid().each);
    const found = next >= 0 ? next : states.indexOf(DAMAGED);
    if (found >= 0) setAt(found - (found % grid().each));
  };
  const point = (event: MouseEvent): void => {
    const box = canvas.getBoundingClientRect();
    setAt(chunkAt(grid(), chunks(), event.clientX - box.left, event.clientY - box.top));
  };
  return (
    <figure class="heat">
      <div>
        <canvas
          ref={canvas}
          role="slider"
          tabindex="0"
          aria-label="Chunks of the file. Arrow keys move, d goes to the next damaged one."
          aria-valuemin="0"
          aria-valuemax={Math.max(0, chunks() - 1)}
          aria-valuenow={at() ?? 0}
          aria-valuetext={said() ? `${said()?.name ?? ""}, ${said()?.state ?? ""}, ${said()?.what ?? ""}` : "no chunk chosen"}
          onMouseMove={point}
          onMouseLeave={() => setAt(undefined)}
          onKeyDown={press}
        />
      </div>
      <figcaption class="num">
        <span class="heat-said">
          {said() ? (
            <>
              <strong>{said()?.name}</strong> {said()?.state} · <code>{said()?.where}</code> · <code>{said()?.what}</code>
            </>
          ) : (
            <span class="faint">
              {grid().each === 1 ? "Each cell is a chunk, in the order of the file." : `Each cell is ${count(grid().each)} chunks, in the order of the file.`}
            </span>
          )}
        </span>
        <span class="heat-key" aria-hidden="true">
          <i class="unchecked" /> not checked <i class="intact" /> intact <i class="damaged" /> damaged
        </span>
      </figcaption>
    </figure>
  );
}

const lastCell = (chunks: number, each: number): number => Math.max(0, Math.floor((chunks - 1) / each) * each);

/** Draws all cells. */
function draw(canvas: HTMLCanvasElement, grid: Grid, chunks: number, pointed: number | undefined): void {
  const scale = devicePixelRatio;
  const [wide, high] = [grid.columns * grid.pitch.x, Math.max(1, grid.rows * grid.pitch.y)];
  canvas.width = Math.round(wide * scale);
  canvas.height = Math.round(high * scale);
  canvas.style.width = `${wide}px`;
  canvas.style.height = `${high}px`;
  const paint = canvas.getContext("2d");
  if (!paint) return;
  paint.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name);
  const [unchecked, intact, damaged, ink] = [colour("--heat-unchecked"), colour("--heat-intact"), colour("--heat-damaged"), colour("--heat-ink")];
  const gap = grid.pitch.x > 7 ? 1.5 : grid.pitch.x > 4 ? 1 : 0.5;
  const states = chunkStates();
  const cells = Math.ceil(chunks / grid.each);
  for (let cell = 0; cell < cells; cell += 1) {
    const [x, y] = [(cell % grid.columns) * grid.pitch.x, Math.floor(cell / grid.columns) * grid.pitch.y];
    const [w, h] = [grid.pitch.x - gap, grid.pitch.y - gap];
    let [known, isDamaged] = [0, false];
    const end = Math.min(chunks, (cell + 1) * grid.each);
    for (let chunk = cell * grid.each; chunk < end; chunk += 1) {
      if (states[chunk] !== 0) known += 1;
      if (states[chunk] === DAMAGED) isDamaged = true;
    }
    paint.fillStyle = unchecked;
    paint.fillRect(x, y, w, h);
    if (isDamaged) {
      paint.fillStyle = damaged;
      paint.fillRect(x, y, w, h);
      // A notch of paper in the corner: the shape says it too.
      paint.fillStyle = colour("--heat-paper");
      const notch = Math.min(9, w / 2, h / 2);
      paint.beginPath();
      paint.moveTo(x + w - notch, y);
      paint.lineTo(x + w, y);
      paint.lineTo(x + w, y + notch);
      paint.fill();
    } else if (known > 0) {
      const share = known / (end - cell * grid.each);
      paint.fillStyle = intact;
      paint.fillRect(x, y + h * (1 - share), w, h * share);
    }
    if (pointed !== undefined && pointed >= cell * grid.each && pointed < end) {
      paint.strokeStyle = ink;
      paint.lineWidth = 2;
      paint.strokeRect(x + 1, y + 1, Math.max(1, w - 2), Math.max(1, h - 2));
    }
  }
}
