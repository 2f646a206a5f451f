// The tree, as a grid that is walked by keys: arrows move, open and close.
import { createEffect, createMemo, createSignal, For, Show, type JSX } from "solid-js";
import { classMeaning } from "../../data/glossary";
import { count, hex, size } from "../../data/format";
import { matches } from "../../data/matches";
import type { Node } from "../../data/tree";
import { Icon } from "../../ui/icon";

export function Tree(props: { root: Node; filter: string; chosen: Node | undefined; total: number; onChoose: (node: Node) => void }): JSX.Element {
  const [closed, setClosed] = createSignal<ReadonlySet<string>>(new Set());
  const rows = createMemo(() => visible(props.root, closed(), props.filter));
  let box!: HTMLDivElement;
  const toggle = (node: Node, isClosed: boolean): void => {
    setClosed((before) => {
      const next = new Set(before);
      if (isClosed) next.add(node.path);
      else next.delete(node.path);
      return next;
    });
  };
  createEffect(() => {
    const path = props.chosen?.path;
    if (path !== undefined) document.getElementById(rowId(path))?.scrollIntoView({ block: "nearest" });
  });
  const press = (event: KeyboardEvent): void => {
    const at = rows().findIndex((node) => node.path === props.chosen?.path);
    const node = rows()[at];
    if (!node || event.ctrlKey || event.metaKey) return;
    const isClosed = closed().has(node.path);
    const move = (to: number): void => {
      const next = rows()[Math.max(0, Math.min(rows().length - 1, to))];
      if (next) props.onChoose(next);
    };
    switch (event.key) {
      case "ArrowDown":
        move(at + 1);
        break;
      case "ArrowUp":
        move(at - 1);
        break;
      case "Home":
        move(0);
        break;
      case "End":
        move(rows().length);
        break;
      case "ArrowRight":
        if (node.children.length > 0 && isClosed) toggle(node, false);
        else if (node.children.length > 0) move(at + 1);
        break;
      case "ArrowLeft":
        if (node.children.length > 0 && !isClosed) toggle(node, true);
        else move(rows().findLastIndex((each, index) => index < at && each.depth < node.depth));
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  return (
    <div ref={box} class="tree" role="treegrid" aria-label="Objects and arrays" tabindex="0" aria-activedescendant={props.chosen ? rowId(props.chosen.path) : undefined} onKeyDown={press}>
      <div class="tree-row tree-head" role="row">
        <span role="columnheader">part</span>
        <span role="columnheader" class="tree-at">
          first byte
        </span>
        <span role="columnheader" class="tree-size">
          size
        </span>
      </div>
      <For each={rows()}>
        {(node) => (
          <div
            id={rowId(node.path)}
            class="tree-row"
            role="row"
            aria-level={node.depth + 1}
            aria-selected={props.chosen?.path === node.path}
            aria-expanded={node.children.length > 0 ? !closed().has(node.path) : undefined}
            onClick={() => props.onChoose(node)}
          >
            <span role="gridcell" class="tree-name" style={{ "padding-left": `${node.depth * 14}px` }}>
              <span
                class="tree-turn"
                classList={{ open: !closed().has(node.path) }}
                onClick={(event) => {
                  event.stopPropagation();
                  toggle(node, !closed().has(node.path));
                }}
              >
                <Show when={node.children.length > 0}>
                  <Icon name="right" size={11} />
                </Show>
              </span>
              <i class={`swatch part-${node.role}`} />
              <Show
                when={node.record}
                fallback={
                  <>
                    <code>{node.name}</code>
                    <code class="faint">
                      {node.array?.dtype}[{node.array?.shape.map((each) => count(each)).join(" × ")}]
                    </code>
                  </>
                }
              >
                {(record) => (
                  <>
                    <Show when={node.name}>
                      <span class="quiet">{node.name}</span>
                    </Show>
                    <strong title={classMeaning(record().class)}>{record().class}</strong>
                    <Show when={record().fourcc}>
                      <code class="faint">{record().fourcc}</code>
                    </Show>
                  </>
                )}
              </Show>
            </span>
            <span role="gridcell" class="tree-at mono faint">
              {hex(node.offset)}
            </span>
            <span role="gridcell" class="tree-size num">
              {size(node.bytes)}
            </span>
          </div>
        )}
      </For>
      <Show when={rows().length === 0}>
        <p class="tree-none quiet">Nothing has that name.</p>
      </Show>
    </div>
  );
}

const rowId = (path: string): string => `part-${path}`;

/** The rows that show: those in open nodes, or those that match, with what is around them. */
function visible(node: Node, closed: ReadonlySet<string>, filter: string): Node[] {
  if (filter.trim() === "") return [node, ...(closed.has(node.path) ? [] : node.children.flatMap((child) => visible(child, closed, "")))];
  const inside = node.children.flatMap((child) => visible(child, closed, filter));
  const text = `${node.path} ${node.record?.class ?? ""} ${node.record?.fourcc ?? ""}`;
  return inside.length > 0 || matches(text, filter) ? [node, ...inside] : [];
}
