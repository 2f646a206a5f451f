// Bytes of the stream, sixteen a row, read as they come in sight.
import { createEffect, createSignal, For, on, Show, type JSX } from "solid-js";
import { hex } from "../data/format";
import { ask, Fault } from "../worker/client";
import { Virtual } from "./virtual";
import "./virtual.css";
import "./hex.css";

const ROW = 16;
/** Bytes that are read at once. */
const PAGE = 4096;

export function Hex(props: { handle: number; offset: number; bytes: number; label: string }): JSX.Element {
  const [pages, setPages] = createSignal<ReadonlyMap<number, Uint8Array>>(new Map());
  const [trouble, setTrouble] = createSignal("");
  const [chosen, setChosen] = createSignal<number>();
  const asked = new Set<number>();
  // Rows begin at multiples of 16 from the start of the stream, as hex dumps do.
  const start = () => props.offset - (props.offset % ROW);
  const rows = () => Math.ceil((props.offset + props.bytes - start()) / ROW);
  createEffect(
    on(
      () => [props.handle, props.offset, props.bytes],
      () => {
        asked.clear();
        setPages(new Map<number, Uint8Array>());
        setChosen(undefined);
      },
    ),
  );
  const sight = (first: number, count: number): void => {
    const from = Math.floor((start() + first * ROW) / PAGE);
    const to = Math.floor((start() + (first + count) * ROW) / PAGE);
    for (let page = from; page <= to; page += 1) if (!asked.has(page)) void read(page);
  };
  const read = async (page: number): Promise<void> => {
    const end = props.offset + props.bytes;
    const from = Math.max(start(), page * PAGE);
    const length = Math.min(end, (page + 1) * PAGE) - from;
    if (length <= 0) return;
    asked.add(page);
    try {
      const bytes = await ask("bytes", { handle: props.handle, offset: from, length });
      setPages((before) => new Map(before).set(page, bytes));
      setTrouble("");
    } catch (error) {
      asked.delete(page);
      setTrouble(error instanceof Fault ? error.message : String(error));
    }
  };
  const byte = (at: number): number | undefined => {
    const page = Math.floor(at / PAGE);
    return pages().get(page)?.[at - Math.max(start(), page * PAGE)];
  };
  const line = (row: number): { at: number; known: boolean; value: number | undefined }[] =>
    Array.from({ length: ROW }, (_, column) => {
      const at = start() + row * ROW + column;
      return { at, known: at >= props.offset && at < props.offset + props.bytes, value: byte(at) };
    });
  return (
    <div class="hex">
      <Show when={trouble()}>
        <p class="hex-trouble">{trouble()}</p>
      </Show>
      <Virtual count={rows()} row={19} label={props.label} class="mono" chosen={chosen()} onChoose={setChosen} onSight={sight}>
        {(row) => (
          <>
            <span class="hex-at faint">{hex(start() + row * ROW)}</span>
            <span class="hex-bytes">
              <For each={line(row)}>{({ known, value }) => <b classList={{ zero: value === 0 }}>{!known ? "  " : value === undefined ? "··" : value.toString(16).padStart(2, "0")}</b>}</For>
            </span>
            <span class="hex-text quiet">
              {line(row)
                .map(({ known, value }) => (!known || value === undefined ? " " : value >= 0x20 && value < 0x7f ? String.fromCharCode(value) : "."))
                .join("")}
            </span>
          </>
        )}
      </Virtual>
    </div>
  );
}
