// The fields of an object in file order: where, what, how much, and what it means.
import { For, Show, type JSX } from "solid-js";
import { meaning, named } from "../../data/glossary";
import { count, hex, shown, size } from "../../data/format";
import type { Part } from "../../data/json";

export function Fields(props: { parts: readonly Part[]; path: string; onBytes: (part: Part) => void }): JSX.Element {
  const name = (part: Part): string => (props.path !== "" && part.path.startsWith(`${props.path}.`) ? part.path.slice(props.path.length + 1) : part.path);
  return (
    <div class="fields-box">
      <table class="fields">
        <thead>
          <tr>
            <th>byte</th>
            <th>field</th>
            <th class="fields-value">value</th>
            <th>meaning</th>
          </tr>
        </thead>
        <tbody>
          <For each={props.parts}>
            {(part) => (
              <tr>
                <td>
                  <button type="button" class="text-button mono" title={`${count(part.offset)}, ${count(part.bytes)} bytes: show them`} onClick={() => props.onBytes(part)}>
                    {hex(part.offset)}
                  </button>
                </td>
                <td>
                  <code>{name(part)}</code>
                  <Show when={part.kind === "count"}>
                    <span class="faint"> count</span>
                  </Show>
                </td>
                <td class="fields-value num">
                  <Show
                    when={part.kind === "value" || part.kind === "count"}
                    fallback={
                      <span class="faint">
                        {part.dtype ? `${part.dtype}[${(part.shape ?? []).map((each) => count(each)).join(" × ")}]` : size(part.bytes)}
                      </span>
                    }
                  >
                    {typeof part.value === "string" ? <code>{part.value}</code> : shown(part.value)}
                    <Show when={named(part.path, part.value)}>{(word) => <span class="quiet"> {word()}</span>}</Show>
                  </Show>
                </td>
                <td class="quiet">{meaning(part)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  );
}
