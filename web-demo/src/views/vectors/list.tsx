// The rows, of which only those in sight exist.
import { Show, type JSX } from "solid-js";
import { count } from "../../data/format";
import { Virtual } from "../../ui/virtual";
import "../../ui/virtual.css";
import type { Pages } from "../../state/pages";

export function RowList(props: {
  pages: Pages;
  rows: number;
  chosen: number | undefined;
  hasIds: boolean;
  hasNames: boolean;
  onChoose: (row: number) => void;
}): JSX.Element {
  return (
    <>
      <div class="rows-head" aria-hidden="true">
        <span>row</span>
        <span>{props.hasIds ? "id" : "id (its row)"}</span>
        <Show when={props.hasNames}>
          <span>name</span>
        </Show>
      </div>
      <Show when={props.pages.trouble()}>
        <p class="vectors-trouble">{props.pages.trouble()}</p>
      </Show>
      <Virtual
        class="rows"
        label="Rows, with their ids"
        count={props.rows}
        row={24}
        chosen={props.chosen}
        onChoose={props.onChoose}
        onSight={(first, number) => props.pages.want(Array.from({ length: number }, (_, at) => first + at))}
      >
        {(row) => (
          <>
            <span class="num faint">{count(row)}</span>
            <span class="mono">{props.pages.idOf(row)?.toString() ?? "…"}</span>
            <Show when={props.hasNames}>
              <span class="rows-name">{props.pages.nameOf(row)}</span>
            </Show>
          </>
        )}
      </Virtual>
    </>
  );
}
