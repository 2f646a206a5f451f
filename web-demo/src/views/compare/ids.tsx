// Which ids only one of two files has.
import { For, Show, type JSX } from "solid-js";
import { count, plural } from "../../data/format";
import { Copy } from "../../ui/copy";
import type { IdDiff } from "../../worker/protocol";

export function IdLists(props: { diff: IdDiff; first: string; second: string }): JSX.Element {
  return (
    <>
      <p class="num">
        {plural(props.diff.common, "id")} in both, {count(props.diff.onlyFirst.count)} only in the first, {count(props.diff.onlySecond.count)} only in the second.
      </p>
      <div class="compare-ids">
        <Side name={props.first} side={props.diff.onlyFirst} />
        <Side name={props.second} side={props.diff.onlySecond} />
      </div>
    </>
  );
}

function Side(props: { name: string; side: IdDiff["onlyFirst"] }): JSX.Element {
  return (
    <Show when={props.side.count > 0}>
      <section>
        <h3>
          Only in <code>{props.name}</code>
          <Copy text={() => props.side.ids.join("\n")} label="Copy these ids" />
        </h3>
        <ul class="mono num">
          <For each={props.side.ids}>{(id) => <li>{id.toString()}</li>}</For>
          <Show when={props.side.ids.length < props.side.count}>
            <li class="faint">{count(props.side.count - props.side.ids.length)} more</li>
          </Show>
        </ul>
      </section>
    </Show>
  );
}
