// At the foot of every view: the line that gives the same elsewhere, and what was read of the file.
import { createSignal, For, Show, type JSX } from "solid-js";
import { lines, TONGUES, type Tongue } from "../data/lines";
import { plural, size } from "../data/format";
import { route } from "../state/route";
import { sampleUrl } from "../state/samples";
import type { OpenFile } from "../state/session";
import { selection } from "../state/selection";
import { Copy } from "../ui/copy";
import { Icon } from "../ui/icon";
import { fetched } from "../worker/client";
import { isLineOpen, setLineOpen } from "./commands";

export function Foot(props: { file: OpenFile }): JSX.Element {
  const [tongue, setTongue] = createSignal<Tongue>("CLI");
  const line = (): string => {
    const { sample, url, view, expect } = route();
    const address = url ?? (sample === undefined ? undefined : sampleUrl(sample));
    const shown = { view, name: props.file.name, url: address, kind: props.file.inspection.kind, expect };
    return lines({ ...shown, ...selection() })[tongue()];
  };
  /** Arrows go from language to language, as from tab to tab anywhere. */
  const turn = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const at = (TONGUES.indexOf(tongue()) + step + TONGUES.length) % TONGUES.length;
    setTongue(TONGUES[at] ?? "CLI");
    event.currentTarget.querySelectorAll("button")[at]?.focus();
  };
  const isOpen = (): boolean => isLineOpen() || line().includes("\n");
  const read = (): { requests: number; bytes: number } => fetched().get(props.file.handle) ?? { requests: 0, bytes: 0 };
  return (
    <footer class="foot">
      <section class="line" aria-label="Show me the line" classList={{ open: isLineOpen() }}>
        <div class="line-tongues" role="tablist" aria-label="Language" onKeyDown={turn}>
          <For each={TONGUES}>
            {(each) => (
              <button type="button" role="tab" aria-selected={tongue() === each} tabindex={tongue() === each ? 0 : -1} onClick={() => setTongue(each)}>
                {each}
              </button>
            )}
          </For>
        </div>
        <pre class="line-code" tabindex="0" role="tabpanel" aria-label={`The same in ${tongue()}`}>
          <code>{isLineOpen() ? line() : line().replace(/\n/g, "  ⏎  ")}</code>
        </pre>
        <Copy text={line} label="Copy the line" />
        <Show when={isOpen()}>
          <button type="button" class="button bare line-more" aria-label={isLineOpen() ? "On one line" : "All lines"} onClick={() => setLineOpen(!isLineOpen())}>
            <span classList={{ turned: isLineOpen() }}>
              <Icon name="up" size={13} />
            </span>
          </button>
        </Show>
      </section>
      <p class="meter num" title="Bytes that were read of this file, and in how many pieces">
        <span class="meter-read">
          {/* A part that is wanted twice may be read twice, so that this is no share of the file. */}
          read {size(read().bytes)} in {plural(read().requests, "piece")}, of a file of {size(props.file.inspection.size_bytes)}
        </span>
        <span class="faint meter-stays">{route().url === undefined ? "this file never leaves this tab" : "read from its server, sent nowhere"}</span>
      </p>
    </footer>
  );
}
