// What was put beside the index: metadata, and files, with their beginning when they are text.
import { createResource, createSignal, For, Match, Show, Switch, type JSX } from "solid-js";
import { plural, size } from "../../data/format";
import { saveAs } from "../../data/save";
import { word } from "../../data/lines";
import { choose } from "../../state/selection";
import type { OpenFile } from "../../state/session";
import { Copy } from "../../ui/copy";
import { Icon } from "../../ui/icon";
import { ask, Fault } from "../../worker/client";
import "./attached.css";

/** An attachment up to this length is shown without being asked to. */
const SMALL = 1024 * 1024;

export default function Attached(props: { file: OpenFile }): JSX.Element {
  const facts = () => props.file.inspection;
  const [name, setName] = createSignal(facts().attachments[0]?.name);
  const [isWanted, setWanted] = createSignal(false);
  const chosen = () => facts().attachments.find((each) => each.name === name());
  const isShown = (): boolean => isWanted() || Number(chosen()?.bytes ?? 0) <= SMALL;
  const [preview] = createResource(
    () => (chosen() && isShown() ? { handle: props.file.handle, attachment: chosen()?.name ?? "" } : undefined),
    (params) => ask("preview", params),
  );
  const pick = (next: string): void => {
    setName(next);
    setWanted(false);
    choose({ attachment: next });
  };
  choose({ attachment: name() });
  const [trouble, setTrouble] = createSignal("");
  const save = async (): Promise<void> => {
    const now = chosen();
    if (!now) return;
    try {
      saveAs(now.name, await ask("attachment", { handle: props.file.handle, name: now.name }), now.media_type || "application/octet-stream");
    } catch (error) {
      setTrouble(error instanceof Fault ? error.message : String(error));
    }
  };
  const isBare = (): boolean => facts().attachments.length === 0 && Object.keys(facts().metadata).length === 0;
  return (
    <div class="attached">
      <h1>{isBare() ? "Nothing is attached" : "What travels with the index"}</h1>
      <Show when={isBare()}>
        <div class="attached-none">
          <p class="quiet">
            {facts().kind === "faiss"
              ? "A plain FAISS file holds the index and nothing else. Sealing it can put documents, names and notes beside it, under the same digest:"
              : "Documents, names and notes can travel in the same file, under the same digest:"}
          </p>
          <p class="command">
            <code>faissil save {word(props.file.name)} new.faissil --attach names.json --meta model=…</code>
          </p>
        </div>
      </Show>
      <Show when={Object.keys(facts().metadata).length > 0}>
        <section aria-labelledby="metadata-title">
          <h2 id="metadata-title">Metadata</h2>
          <dl class="metadata">
            <For each={Object.entries(facts().metadata)}>
              {([key, value]) => (
                <div>
                  <dt>
                    <code>{key}</code>
                  </dt>
                  <dd>
                    {value} <Copy text={value} label={`Copy ${key}`} />
                  </dd>
                </div>
              )}
            </For>
          </dl>
        </section>
      </Show>
      <Show when={facts().attachments.length > 0}>
        <section class="files" aria-labelledby="files-title">
          <h2 id="files-title">{plural(facts().attachments.length, "attachment")}</h2>
          <div class="files-box">
            <ul>
              <For each={facts().attachments}>
                {(each) => (
                  <li>
                    <button type="button" aria-current={each.name === name()} onClick={() => pick(each.name)}>
                      <code>{each.name}</code>
                      <span class="num quiet">{size(each.bytes)}</span>
                      <span class="faint">{each.media_type}</span>
                    </button>
                  </li>
                )}
              </For>
            </ul>
            <Show when={chosen()}>
              {(now) => (
                <div class="files-one">
                  <header>
                    <h3>
                      <code>{now().name}</code>
                    </h3>
                    <button type="button" class="button" onClick={() => void save()}>
                      <Icon name="down" size={13} /> Download
                    </button>
                  </header>
                  <p class="files-trouble" role="status">
                    {trouble()}
                  </p>
                  <Switch>
                    <Match when={!isShown()}>
                      <p>
                        <button type="button" class="button" onClick={() => setWanted(true)}>
                          Show it: reads {size(now().bytes)} or less
                        </button>
                      </p>
                    </Match>
                    <Match when={preview.error as unknown}>
                      <p class="files-trouble">{preview.error instanceof Fault ? preview.error.message : String(preview.error)}</p>
                    </Match>
                    <Match when={preview.loading}>
                      <p class="quiet">Reading it…</p>
                    </Match>
                    <Match when={preview() === null}>
                      <p class="quiet">It is no text. Download it to see it.</p>
                    </Match>
                    <Match when={preview()}>
                      {(found) => (
                        <>
                          <pre tabindex="0" aria-label={`Beginning of ${now().name}`}>
                            <code>{found().text}</code>
                          </pre>
                          <Show when={found().isCut}>
                            <p class="quiet">There is more of it than is shown.</p>
                          </Show>
                        </>
                      )}
                    </Match>
                  </Switch>
                </div>
              )}
            </Show>
          </div>
        </section>
      </Show>
    </div>
  );
}
