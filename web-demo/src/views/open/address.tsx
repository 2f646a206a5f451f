// The field for an address, which says what it is going to fetch.
import { createMemo, createSignal, Show, type JSX } from "solid-js";
import { rewrite, type Rewritten } from "../../data/links";
import { openUrl } from "../../state/session";

export function Address(): JSX.Element {
  const [typed, setTyped] = createSignal("");
  const [isTried, setTried] = createSignal(false);
  const read = createMemo((): Rewritten | Error | undefined => {
    if (typed().trim() === "") return undefined;
    try {
      return rewrite(typed());
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  });
  const target = (): Rewritten | undefined => {
    const now = read();
    return now instanceof Error ? undefined : now;
  };
  const open = (event: Event): void => {
    event.preventDefault();
    setTried(true);
    const now = target();
    if (now) void openUrl(now.url);
  };
  return (
    <form class="start-url" onSubmit={open} novalidate>
      <label for="url">Or read one from the web, in pieces</label>
      <div>
        <input
          id="url"
          class="field mono"
          type="url"
          inputmode="url"
          autocomplete="off"
          spellcheck={false}
          placeholder="https://huggingface.co/…/index.faiss"
          value={typed()}
          aria-describedby="url-note"
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            setTried(false);
          }}
        />
        <button type="submit" class="button">
          Open
        </button>
      </div>
      <p id="url-note" class="start-url-note quiet" role="status">
        <Show when={isTried() && read() instanceof Error}>This is no web address.</Show>
        <Show when={target()?.why}>
          {(why) => (
            <>
              Reads {why()}: <code>{target()?.url}</code>
            </>
          )}
        </Show>
      </p>
    </form>
  );
}
