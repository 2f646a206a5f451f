// What an array begins with, and what it ends with.
import { createResource, For, Show, type JSX } from "solid-js";
import { count, float } from "../../data/format";
import type { StoredArray } from "../../data/json";
import { elements, width } from "../../data/values";
import type { OpenFile } from "../../state/session";
import { ask, Fault } from "../../worker/client";
import { Spark } from "../../ui/spark";

const FIRST = 64;

export function Preview(props: { file: OpenFile; array: StoredArray }): JSX.Element {
  const total = (): number => Number(props.array.bytes) / width(props.array.dtype);
  const [values] = createResource(
    () => ({ handle: props.file.handle, offset: Number(props.array.offset), length: Math.min(Number(props.array.bytes), FIRST * width(props.array.dtype)), dtype: props.array.dtype }),
    async ({ dtype, ...span }) => (span.length === 0 ? [] : elements(await ask("bytes", span), dtype)),
  );
  const text = (value: number | bigint): string => (typeof value === "number" && /^f/.test(props.array.dtype) ? float(value) : count(value));
  return (
    <section aria-labelledby="preview">
      <h2 id="preview">
        {props.array.dtype}, {props.array.shape.map((each) => count(each)).join(" × ")}: {total() <= FIRST ? "all of it" : `the first ${FIRST} of ${count(total())}`}
      </h2>
      <Show when={values.error as unknown}>
        <p class="detail-trouble">{values.error instanceof Fault ? values.error.message : String(values.error)}</p>
      </Show>
      <Show when={!values.error && values()}>
        {(found) => (
          <>
            <Show when={found().length > 1}>
              <Spark values={found().map(Number)} label={`The first ${found().length} values of ${props.array.name}`} />
            </Show>
            <ol class="preview num" classList={{ wide: props.array.dtype === "i64" || props.array.dtype === "u64" }} start="0">
              <For each={found()}>{(value) => <li>{text(value)}</li>}</For>
              <Show when={total() > found().length}>
                <li class="faint">…</li>
              </Show>
            </ol>
            <Show when={found().length === 0}>
              <p class="quiet">It is empty.</p>
            </Show>
          </>
        )}
      </Show>
    </section>
  );
}
