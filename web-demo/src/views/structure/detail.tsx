// One part of the tree: its fields, or what an array begins with; and its bytes.
import { createMemo, createSignal, For, Match, Show, Switch, type JSX } from "solid-js";
import { classMeaning, meaning } from "../../data/glossary";
import { count, hex, share, shown, size } from "../../data/format";
import type { Part } from "../../data/json";
import type { Node } from "../../data/tree";
import type { OpenFile } from "../../state/session";
import { Hex } from "../../ui/hex";
import { Fields } from "./fields";
import { Preview } from "./preview";

export function Detail(props: { file: OpenFile; node: Node; parts: readonly Part[]; isLoading: boolean; trouble: unknown }): JSX.Element {
  const [span, setSpan] = createSignal<{ offset: number; bytes: number; label: string }>();
  const fields = createMemo(() => ownFields(props.parts, props.node));
  const whole = () => ({ offset: props.node.offset, bytes: props.node.bytes, label: props.node.path || props.node.record?.class || "" });
  const isShown = () => {
    const now = span();
    return now && now.offset >= props.node.offset && now.offset + now.bytes <= props.node.offset + props.node.bytes ? now : undefined;
  };
  return (
    <section class="detail" aria-label="The chosen part" classList={{ "with-hex": isShown() !== undefined }}>
      <div class="detail-text">
        <header>
          <h1 class="mono">{props.node.path || props.node.record?.class}</h1>
          <p class="quiet">
            <Show when={props.node.record} fallback={meaning({ path: props.node.path, kind: "array" }) || "a stored array"}>
              {(record) => (
                <>
                  <Show when={props.node.path !== ""}>{record().class}</Show>
                  <Show when={props.node.path !== "" && classMeaning(record().class)}>: </Show>
                  {classMeaning(record().class)}
                </>
              )}
            </Show>
          </p>
          <p class="num detail-place">
            bytes {count(props.node.offset)} to {count(props.node.offset + props.node.bytes)} <span class="faint">({hex(props.node.offset)})</span> · {size(props.node.bytes)} ·{" "}
            {share(props.node.bytes, props.file.inspection.stream.len)} of the stream
            <button type="button" class="button bare detail-hex" aria-pressed={isShown() !== undefined} onClick={() => setSpan(isShown() ? undefined : whole())}>
              {isShown() ? "Hide bytes" : "Show bytes"}
            </button>
          </p>
        </header>
        <Switch>
          <Match when={props.node.array}>{(array) => <Preview file={props.file} array={array()} />}</Match>
          <Match when={props.trouble !== undefined}>
            <p class="detail-trouble">{props.trouble instanceof Error ? props.trouble.message : String(props.trouble)}</p>
          </Match>
          <Match when={fields().length > 0}>
            <Fields parts={fields()} path={props.node.path} onBytes={(part) => setSpan({ offset: Number(part.offset), bytes: Number(part.bytes), label: part.path })} />
          </Match>
          <Match when={props.isLoading}>
            <p class="quiet">Reading the fields…</p>
          </Match>
        </Switch>
        <Show when={Object.entries(props.node.record?.params ?? {}).length > 0}>
          <section class="detail-params" aria-labelledby="params">
            <h2 id="params">Parameters, stored and derived</h2>
            <dl>
              <For each={Object.entries(props.node.record?.params ?? {})}>
                {([name, value]) => (
                  <div>
                    <dt>
                      <code>{name}</code>
                    </dt>
                    <dd class="num">{shown(value)}</dd>
                    <dd class="faint">{meaning({ path: name, kind: "value" })}</dd>
                  </div>
                )}
              </For>
            </dl>
          </section>
        </Show>
      </div>
      <Show when={isShown()}>
        {(now) => (
          <div class="detail-bytes">
            <h2 class="num">
              <code>{now().label}</code> {size(now().bytes)} at {hex(now().offset)}
            </h2>
            <Hex handle={props.file.handle} offset={now().offset} bytes={now().bytes} label={`Bytes of ${now().label}`} />
          </div>
        )}
      </Show>
    </section>
  );
}

/** The parts that are a node's own and not those of an object inside it. */
function ownFields(parts: readonly Part[], node: Node): readonly Part[] {
  if (!node.record) return [];
  const inside = node.children.filter((child) => child.record !== undefined);
  return parts.filter((part) => {
    const [at, end] = [Number(part.offset), Number(part.offset) + Number(part.bytes)];
    const isHere = at >= node.offset && end <= node.offset + node.bytes && (part.bytes !== 0 || at < node.offset + node.bytes);
    return isHere && !inside.some((child) => at >= child.offset && end <= child.offset + child.bytes && (part.bytes !== 0 || at < child.offset + child.bytes) && child.bytes > 0);
  });
}
