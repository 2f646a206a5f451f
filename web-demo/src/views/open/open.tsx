// The page with nothing open: what it is for, and the ways to open a file.
import { For, Show, type JSX } from "solid-js";
import { size } from "../../data/format";
import { pick } from "../../shell/pick";
import { fileOf, forgetRecent, recent } from "../../state/recent";
import { route } from "../../state/route";
import { sampleLength, SAMPLES } from "../../state/samples";
import { openLocal, openSample } from "../../state/session";
import { Icon, Sign } from "../../ui/icon";
import { Address } from "./address";
import "./open.css";

export function Open(): JSX.Element {
  return (
    <div class="start">
      <header>
        <h1>See what is in a FAISS index, and whether it is intact</h1>
        <p class="quiet">
          Opens index files of every FAISS release since 1.5.3 and Faissil snapshots, of any size: only the bytes that are needed are read. Your files never leave
          this tab.
        </p>
      </header>

      <button type="button" class="start-drop" onClick={() => void pick()}>
        <Icon name="open" size={22} />
        <span>
          <strong>Drop an index file anywhere</strong>, or choose one
        </span>
        <kbd>o</kbd>
      </button>
      <Show when={route().view !== "overview"}>
        <p class="start-asked" role="status">
          The link leads to {route().view}, of a file that only its sender has. Open your copy of it.
        </p>
      </Show>

      <Address />

      <section aria-labelledby="samples">
        <h2 id="samples">Or look at one of these</h2>
        <ul class="start-samples">
          <For each={SAMPLES}>
            {(sample) => (
              <li>
                <button type="button" onClick={() => void openSample(sample.name)}>
                  <span class="start-sample-title">
                    <Sign tone={sample.name === "damaged" ? "damaged" : "intact"} />
                    <strong>{sample.title}</strong>
                    <span class="num faint">{size(sampleLength(sample))}</span>
                  </span>
                  <span class="quiet">{sample.what}</span>
                </button>
              </li>
            )}
          </For>
        </ul>
      </section>

      <Show when={recent().length > 0}>
        <section aria-labelledby="recent">
          <h2 id="recent">Recent</h2>
          <ul class="start-recent">
            <For each={recent()}>
              {(each) => (
                <li>
                  <button
                    type="button"
                    class="text-button mono"
                    onClick={() => void fileOf(each).then((file) => file && openLocal([file], each.handle))}
                  >
                    {each.name}
                  </button>
                </li>
              )}
            </For>
            <li>
              <button type="button" class="text-button quiet" onClick={() => void forgetRecent()}>
                Forget these
              </button>
            </li>
          </ul>
        </section>
      </Show>

      <footer class="faint">
        <p>
          No account, no counter, no third party. <kbd>?</kbd> shows the keys.
        </p>
      </footer>
    </div>
  );
}
