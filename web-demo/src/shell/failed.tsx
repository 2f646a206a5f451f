// When a file cannot be opened: what happened, in a sentence, and what to do next.
import { For, Show, type JSX } from "solid-js";
import { explain, isPassing } from "../data/faults";
import { route } from "../state/route";
import { leave, retry, session } from "../state/session";
import { Copy } from "../ui/copy";
import { Sign } from "../ui/icon";
import { Prose } from "../ui/prose";

export function Failed(): JSX.Element {
  const failed = () => {
    const now = session();
    return now.state === "failed" ? now : undefined;
  };
  return (
    <Show when={failed()}>
      {(now) => {
        const said = () => explain(now().fault.kind, now().name, route().url !== undefined);
        return (
          <div class="failed" role="alert">
            <p class="failed-name mono quiet">{route().url ?? now().name}</p>
            <h1>
              <Sign tone="damaged" size={18} /> {said().headline}
            </h1>
            <p class="failed-message">
              <Prose text={now().fault.message} />
            </p>
            <ul>
              <For each={said().next}>
                {(each) => (
                  <li>
                    <Prose text={each} />
                  </li>
                )}
              </For>
            </ul>
            <Show when={said().command}>
              {(command) => (
                <p class="command">
                  <code>{command()}</code>
                  <Copy text={command()} label="Copy the command" />
                </p>
              )}
            </Show>
            <p class="failed-do">
              <Show when={isPassing(now().fault.kind)}>
                <button type="button" class="button strong" onClick={() => void retry()}>
                  Retry
                </button>
              </Show>
              <button type="button" class="button" classList={{ strong: !isPassing(now().fault.kind) }} onClick={leave}>
                Open another file
              </button>
            </p>
          </div>
        );
      }}
    </Show>
  );
}
