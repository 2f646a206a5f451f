// Bars or a curve, with axes. What each mark says is read out as it is pointed at: by mouse, by finger, or by arrow keys.
import { createMemo, createSignal, For, onCleanup, onMount, Show, type JSX } from "solid-js";
import type { Axis, Chart as ChartData, Mark } from "../data/health/panel";
import "./chart.css";

const HEIGHT = 190;
const EDGE = { left: 52, right: 14, top: 24, bottom: 38 };
/** Room that a letter of an axis takes, in pixels. */
const LETTER = 6.2;

export function Chart(props: { chart: ChartData; label: string }): JSX.Element {
  let box!: HTMLDivElement;
  const [width, setWidth] = createSignal(560);
  const [at, setAt] = createSignal<number>();
  onMount(() => {
    const watching = new ResizeObserver(() => setWidth(Math.max(200, box.clientWidth)));
    watching.observe(box);
    onCleanup(() => watching.disconnect());
  });
  const wide = () => width() - EDGE.left - EDGE.right;
  const high = HEIGHT - EDGE.top - EDGE.bottom;
  const x = (share: number): number => EDGE.left + share * wide();
  const y = (share: number): number => EDGE.top + (1 - share) * high;
  const marks = (): readonly Mark[] => props.chart.marks;
  const pointed = (): Mark | undefined => marks()[at() ?? -1];
  const said = (): string => pointed()?.says ?? "";

  const press = (event: KeyboardEvent): void => {
    const last = marks().length - 1;
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -last, End: last }[event.key];
    if (step === undefined) return;
    setAt((before) => Math.max(0, Math.min(last, before === undefined ? (step < 0 && event.key !== "Home" ? last : 0) : before + step)));
    event.preventDefault();
  };
  const point = (event: MouseEvent): void => {
    const place = (event.clientX - box.getBoundingClientRect().left - EDGE.left) / wide();
    const nearest = marks().reduce((best, mark, index) => (Math.abs(mark.x - place) < Math.abs((marks()[best]?.x ?? Infinity) - place) ? index : best), 0);
    setAt(place > -0.05 && place < 1.05 ? nearest : undefined);
  };
  return (
    <figure class="chart">
      <div
        ref={box}
        class="chart-box"
        role="slider"
        tabindex="0"
        aria-label={`${props.label}. Arrow keys go from one to the next.`}
        aria-valuemin="0"
        aria-valuemax={Math.max(0, marks().length - 1)}
        aria-valuenow={at() ?? 0}
        aria-valuetext={said() || `${marks().length} to go through`}
        onKeyDown={press}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setAt(undefined)}
      >
        <svg width={width()} height={HEIGHT} aria-hidden="true">
          <For each={props.chart.y.ticks}>{(tick) => <path class="chart-rule" d={`M${EDGE.left} ${y(tick.at)}H${width() - EDGE.right}`} />}</For>
          <Labels axis={props.chart.y} place={y} across={false} />
          <Labels axis={props.chart.x} place={x} across={true} />
          <text x={EDGE.left - 7} y="10" text-anchor={props.chart.y.title.length > 8 ? "start" : "end"} dx={props.chart.y.title.length > 8 ? 7 - EDGE.left : 0}>
            {props.chart.y.title}
          </text>
          <text x={EDGE.left + wide() / 2} y={HEIGHT - 5} text-anchor="middle">
            {props.chart.x.title}
          </text>
          <Show when={props.chart.kind === "bars"} fallback={<Curve marks={marks()} x={x} y={y} pointed={at()} />}>
            <Bars marks={marks()} x={x} y={y} wide={wide()} pointed={at()} />
          </Show>
        </svg>
      </div>
      <figcaption class="num">
        <span class="chart-said">{said()}</span>
        <Show when={props.chart.expected}>
          <span class="chart-key faint">
            <i aria-hidden="true" /> {props.chart.expected}
          </span>
        </Show>
      </figcaption>
    </figure>
  );
}

interface Places {
  marks: readonly Mark[];
  x: (share: number) => number;
  y: (share: number) => number;
  pointed: number | undefined;
}

function Bars(props: Places & { wide: number }): JSX.Element {
  const each = createMemo(() => {
    const apart = props.marks.length > 1 ? ((props.marks[1]?.x ?? 1) - (props.marks[0]?.x ?? 0)) * props.wide : props.wide / 3;
    return Math.max(1, Math.min(64, apart - (apart > 5 ? 2 : apart > 3 ? 1 : 0)));
  });
  return (
    <For each={props.marks}>
      {(mark, index) => (
        <>
          <rect
            class="chart-bar"
            classList={{ pointed: props.pointed === index() }}
            x={props.x(mark.x) - each() / 2}
            width={each()}
            y={Math.min(props.y(mark.y), mark.y > 0 ? props.y(0) - 1 : props.y(0))}
            height={mark.y > 0 ? Math.max(1, props.y(0) - props.y(mark.y)) : 0}
          />
          <Show when={mark.expected !== undefined}>
            <path class="chart-expected" d={`M${props.x(mark.x) - each() / 2 - 1} ${props.y(mark.expected ?? 0)}h${each() + 2}`} />
          </Show>
        </>
      )}
    </For>
  );
}

function Curve(props: Places): JSX.Element {
  const line = (): string => props.marks.map((mark, index) => `${index === 0 ? "M" : "L"}${props.x(mark.x).toFixed(1)} ${props.y(mark.y).toFixed(1)}`).join("");
  const isShown = (mark: Mark, index: number): boolean => props.marks.length <= 40 || mark.isChosen === true || props.pointed === index;
  return (
    <>
      <path class="chart-line" d={line()} />
      <For each={props.marks}>
        {(mark, index) => (
          <Show when={isShown(mark, index())}>
            <circle class="chart-point" classList={{ pointed: props.pointed === index(), chosen: mark.isChosen === true }} cx={props.x(mark.x)} cy={props.y(mark.y)} r={mark.isChosen || props.pointed === index() ? 4.5 : 2.5} />
          </Show>
        )}
      </For>
    </>
  );
}

/** The names on an axis; those that would run into the one before are left out. */
function Labels(props: { axis: Axis; place: (share: number) => number; across: boolean }): JSX.Element {
  const shown = createMemo(() => {
    let end = -Infinity;
    return props.axis.ticks.filter((tick) => {
      if (!props.across) return true;
      const half = (tick.text.length * LETTER) / 2;
      if (props.place(tick.at) - half < end) return false;
      end = props.place(tick.at) + half + 6;
      return true;
    });
  });
  return (
    <For each={shown()}>
      {(tick) =>
        props.across ? (
          <text x={props.place(tick.at)} y={HEIGHT - EDGE.bottom + 15} text-anchor="middle">
            {tick.text}
          </text>
        ) : (
          <text x={EDGE.left - 7} y={props.place(tick.at) + 3.5} text-anchor="end">
            {tick.text}
          </text>
        )
      }
    </For>
  );
}
