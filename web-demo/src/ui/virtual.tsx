// A list of which only the rows in sight exist, for hundreds of millions of rows. Browsers cannot make an element that
// high, so above a limit the scroll bar stands for the whole list while the wheel still moves by pixels.
import { createEffect, createMemo, createSignal, For, onCleanup, onMount, untrack, type JSX } from "solid-js";
import { Scroller } from "./scroller";

export function Virtual(props: {
  count: number;
  /** Height of a row in pixels. */
  row: number;
  label: string;
  class?: string;
  /** The chosen row, which is kept in sight. */
  chosen: number | undefined;
  onChoose: (row: number) => void;
  /** Called with the rows in sight, first and how many. */
  onSight?: (first: number, count: number) => void;
  /** Enter on the chosen row. */
  onEnter?: (row: number) => void;
  children: (row: number) => JSX.Element;
}): JSX.Element {
  let box!: HTMLDivElement;
  const id = `list-${Math.random().toString(36).slice(2, 8)}`;
  const [height, setHeight] = createSignal(400);
  const [top, setTop] = createSignal(0);
  const scroller = createMemo(() => new Scroller(props.count, props.row, height()));
  const first = createMemo(() => Math.max(0, Math.floor(top())));
  const inSight = createMemo(() => Math.min(props.count - first(), Math.ceil(height() / props.row) + 1));
  const rows = createMemo(() => Array.from({ length: Math.max(0, inSight()) }, (_, at) => first() + at));

  const isInSight = (): boolean => props.chosen !== undefined && props.chosen >= first() && props.chosen < first() + inSight();

  onMount(() => {
    const watching = new ResizeObserver(() => setHeight(box.clientHeight));
    watching.observe(box);
    onCleanup(() => watching.disconnect());
  });
  createEffect(() => props.onSight?.(first(), inSight()));

  /** Scrolls so that a row is first in sight. */
  const show = (row: number): void => {
    setTop(scroller().to(row));
    box.scrollTop = scroller().place;
  };
  createEffect(() => {
    const row = props.chosen;
    const page = Math.floor(height() / props.row);
    if (row === undefined) return;
    untrack(() => {
      if (row < top()) show(row);
      else if (row > top() + page - 1) show(row - page + 1);
    });
  });

  let settling = 0;
  const scroll = (): void => {
    setTop(scroller().scrolled(box.scrollTop));
    clearTimeout(settling);
    settling = setTimeout(() => {
      if (scroller().isScaled) show(top());
    }, 160);
  };
  onCleanup(() => clearTimeout(settling));

  const press = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(height() / props.row) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -props.count, End: props.count }[event.key];
    if (event.key === "Enter" && props.chosen !== undefined && props.onEnter) props.onEnter(props.chosen);
    else if (step === undefined || event.ctrlKey || event.metaKey) return;
    else props.onChoose(Math.max(0, Math.min(props.count - 1, (props.chosen ?? first() - Math.sign(step)) + step)));
    event.preventDefault();
  };

  return (
    <div
      ref={box}
      class={`virtual ${props.class ?? ""}`}
      role="listbox"
      tabindex="0"
      aria-label={props.label}
      aria-activedescendant={isInSight() ? `${id}-${props.chosen ?? 0}` : undefined}
      onScroll={scroll}
      onKeyDown={press}
    >
      <div class="virtual-all" style={{ height: `${scroller().height}px` }}>
        <div class="virtual-sight" style={{ height: `${Math.min(height(), scroller().height)}px` }}>
          <div style={{ transform: `translateY(${-(top() - first()) * props.row}px)` }}>
            <For each={rows()}>
              {(row) => (
                <div
                  id={`${id}-${row}`}
                  class="virtual-row"
                  role="option"
                  aria-selected={props.chosen === row}
                  aria-setsize={props.count}
                  aria-posinset={row + 1}
                  style={{ height: `${props.row}px` }}
                  onClick={() => props.onChoose(row)}
                >
                  {props.children(row)}
                </div>
              )}
            </For>
          </div>
        </div>
      </div>
    </div>
  );
}
