// The points, to be moved, magnified, pointed at and looped around; by mouse, finger or keys.
import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show, type JSX } from "solid-js";
import { inLoop, nearest, type Loop } from "../../data/map/pick";
import { magnified, moved, pixelOf, placeOf, sightOfAll, type Points, type Sight, type Size } from "../../data/map/view";
import { painterFor, type Painter } from "./painter";

/** How near a pointer has to come to a point, in pixels. */
const REACH = 12;
/** How far an arrow key moves, in pixels. */
const STEP = 60;

export interface Hand {
  magnify: (factor: number) => void;
  showAll: () => void;
}

export function Scatter(props: {
  points: Points;
  /** Red, green, blue and opacity of each point. */
  colours: Uint8Array;
  /** The point that is chosen, by its place in the list of points. */
  chosen: number | undefined;
  /** What a pointed point says. */
  says: (point: number) => string;
  label: string;
  isLasso: boolean;
  onHand: (hand: Hand) => void;
  onSight: (sight: Sight, size: Size) => void;
  onPoint: (point: number | undefined) => void;
  onChoose: (point: number) => void;
  onLoop: (points: readonly number[]) => void;
}): JSX.Element {
  let box!: HTMLDivElement;
  let canvas!: HTMLCanvasElement;
  const [size, setSize] = createSignal<Size>({ width: 600, height: 400 });
  const [painter, setPainter] = createSignal<Painter>();
  const [pointed, setPointed] = createSignal<number>();
  const [loop, setLoop] = createSignal<Loop>([]);
  const all = createMemo(() => sightOfAll(props.points, size()));
  const [own, setOwn] = createSignal<Sight>();
  const sight = (): Sight => own() ?? all();
  const ratio = (): number => Math.min(2, devicePixelRatio);
  // Dots grow a little as they come near, and are smaller where there are many.
  const dot = (): number => Math.max(3, Math.min(11, (props.points.x.length > 1500 ? 4.5 : 6) * (sight().scale / all().scale) ** 0.25));

  onMount(() => {
    const watching = new ResizeObserver(() => {
      const { width, height } = box.getBoundingClientRect();
      setSize({ width: Math.max(1, width), height: Math.max(1, height) });
    });
    watching.observe(box);
    // A graphics card may be taken away for a while.
    const lost = (event: Event): void => event.preventDefault();
    const back = (): Painter | undefined => setPainter(painterFor(canvas));
    canvas.addEventListener("webglcontextlost", lost);
    canvas.addEventListener("webglcontextrestored", back);
    back();
    onCleanup(() => watching.disconnect());
    props.onHand({
      magnify: (factor) => setOwn((before) => magnified(before ?? all(), size(), factor, all())),
      showAll: () => setOwn(undefined),
    });
  });
  createEffect(on(() => props.points, () => setOwn(undefined), { defer: true }));
  createEffect(() => props.onSight(sight(), size()));
  const scene = createMemo(() => ({ points: props.points, colours: props.colours }));
  createEffect(() => painter()?.set(scene()));
  createEffect(
    on([painter, scene, sight, size], ([paint]) => {
      const { width, height } = size();
      const [wide, high] = [Math.round(width * ratio()), Math.round(height * ratio())];
      if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
      paint?.draw(sight(), size(), ratio(), dot());
    }),
  );

  const at = (event: MouseEvent): readonly [number, number] => {
    const { left, top } = box.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const place = (event: MouseEvent): readonly [number, number] => placeOf(sight(), size(), ...at(event));
  const near = (event: MouseEvent): number | undefined => nearest(props.points, place(event), REACH / sight().scale);
  const point = (found: number | undefined): void => {
    setPointed(found);
    props.onPoint(found);
  };

  const fingers = new Map<number, readonly [number, number]>();
  let [began, isLooping, hasMoved] = [[0, 0] as readonly [number, number], false, false];
  const apart = (): number => {
    const [one, other] = [...fingers.values()];
    return one && other ? Math.hypot(one[0] - other[0], one[1] - other[1]) : 0;
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    box.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    [began, hasMoved] = [at(event), false];
    isLooping = fingers.size === 1 && (props.isLasso || event.shiftKey);
    setLoop(isLooping ? [place(event)] : []);
  };
  const move = (event: PointerEvent): void => {
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") point(near(event));
      return;
    }
    const now = at(event);
    hasMoved ||= Math.hypot(now[0] - began[0], now[1] - began[1]) > 4;
    const was = apart();
    fingers.set(event.pointerId, now);
    if (isLooping) setLoop((so) => [...so, place(event)]);
    else if (fingers.size === 2) setOwn(magnified(sight(), size(), apart() / (was || 1), all(), now));
    else if (hasMoved) setOwn(moved(sight(), now[0] - before[0], now[1] - before[1]));
  };
  const up = (event: PointerEvent): void => {
    if (!fingers.delete(event.pointerId)) return;
    const [drawn, found] = [loop(), near(event)];
    setLoop([]);
    if (isLooping && hasMoved) props.onLoop(inLoop(props.points, drawn));
    else if (!hasMoved && found !== undefined) props.onChoose(found);
    isLooping = false;
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    setOwn(magnified(sight(), size(), 1.0015 ** -event.deltaY, all(), at(event)));
  };
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowRight: [-STEP, 0], ArrowLeft: [STEP, 0], ArrowDown: [0, -STEP], ArrowUp: [0, STEP] }[event.key];
    const factor = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 }[event.key];
    const next = { n: 1, p: -1 }[event.key];
    if (step) setOwn(moved(sight(), step[0] ?? 0, step[1] ?? 0));
    else if (factor !== undefined) setOwn(magnified(sight(), size(), factor, all()));
    else if (event.key === "0") setOwn(undefined);
    else if (next !== undefined) choose(next);
    else return;
    event.preventDefault();
  };
  /** On to the next point, in the order of rows. */
  const choose = (step: number): void => {
    const last = props.points.x.length - 1;
    props.onChoose(Math.max(0, Math.min(last, (props.chosen ?? (step > 0 ? -1 : last + 1)) + step)));
  };

  const ring = (which: number | undefined): readonly [number, number] | undefined =>
    which === undefined ? undefined : pixelOf(sight(), size(), props.points.x[which] ?? 0, props.points.y[which] ?? 0);
  const drawnLoop = (): string => loop().map(([x, y]) => pixelOf(sight(), size(), x, y).map((each) => each.toFixed(1)).join(",")).join(" ");
  return (
    <div
      ref={box}
      class="scatter"
      classList={{ lasso: props.isLasso }}
      role="application"
      aria-roledescription="map"
      tabindex="0"
      aria-label={props.label}
      data-painter={painter()?.kind ?? "none"}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onPointerLeave={() => point(undefined)}
      on:wheel={{ handleEvent: wheel, passive: false }}
      onKeyDown={press}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <svg class="scatter-over" aria-hidden="true">
        <Show when={loop().length > 1}>
          <polygon class="scatter-loop" points={drawnLoop()} />
        </Show>
        <Show when={ring(props.chosen)}>{(where) => <circle class="scatter-chosen" cx={where()[0]} cy={where()[1]} r={dot() / 2 + 4} />}</Show>
        <Show when={ring(pointed())}>{(where) => <circle class="scatter-pointed" cx={where()[0]} cy={where()[1]} r={dot() / 2 + 3} />}</Show>
      </svg>
      <Show when={ring(pointed())}>
        {(where) => (
          <p class="scatter-says" classList={{ left: where()[0] > size().width / 2, above: where()[1] > size().height / 2 }} style={{ left: `${where()[0]}px`, top: `${where()[1]}px` }}>
            {props.says(pointed() ?? 0)}
          </p>
        )}
      </Show>
      <Show when={painter() === undefined}>
        <p class="scatter-none">This browser can draw neither by WebGL nor on a canvas. The points are in the list.</p>
      </Show>
    </div>
  );
}
