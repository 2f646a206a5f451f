// The bar on top: what is open, how it stands, and the few things that are always there.
import { Show, type JSX } from "solid-js";
import { match } from "../data/expected";
import { verdict } from "../data/verdict";
import { go, route } from "../state/route";
import { leave, openFile } from "../state/session";
import { switchTheme, theme } from "../state/theme";
import { phase, report } from "../state/verifying";
import { Brand, Icon, Sign } from "../ui/icon";
import { setHelpOpen, setPaletteOpen } from "./commands";
import { pick } from "./pick";

export function TopBar(): JSX.Element {
  const now = (): ReturnType<typeof verdict> | undefined => {
    const file = openFile();
    return file && verdict(file.inspection, report(), match(file.inspection, route().expect));
  };
  return (
    <header class="top">
      <button type="button" class="brand" onClick={leave} title="To the start">
        <Brand />
        <span>Faissil</span>
      </button>
      <Show when={openFile()}>
        {(file) => (
          <div class="top-file">
            <span class="top-name mono" title={file().name}>
              {file().name}
            </span>
            <span class="tag top-kind">{file().inspection.kind === "faiss" ? "plain FAISS" : file().inspection.kind}</span>
            <Show when={now()}>
              {(state) => (
                <button type="button" class={`badge ${state().tone}`} onClick={() => go({ view: "integrity" })} title={state().sentence}>
                  <Sign tone={state().tone} />
                  {phase() === "running" ? "verifying…" : state().word}
                </button>
              )}
            </Show>
          </div>
        )}
      </Show>
      <div class="top-right">
        <button type="button" class="button bare" aria-label="Open a file" onClick={() => void pick()}>
          <Icon name="open" />
          <span class="wide-only">Open…</span>
        </button>
        <button type="button" class="button bare" onClick={() => setPaletteOpen(true)} aria-label="All commands">
          <Icon name="search" />
          <kbd class="wide-only">{/Mac/.test(navigator.userAgent) ? "⌘" : "Ctrl"} K</kbd>
        </button>
        <button type="button" class="button bare" onClick={switchTheme} aria-label={theme() === "dark" ? "Light" : "Dark"} title="Light or dark (t)">
          <Icon name={theme() === "dark" ? "sun" : "moon"} />
        </button>
        <button type="button" class="button bare" onClick={() => setHelpOpen(true)} aria-label="Keys and help" title="Keys (?)">
          ?
        </button>
      </div>
    </header>
  );
}
