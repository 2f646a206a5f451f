// Finds a row: by its id, by its number after a `#`, or by a name where names are attached.
import { createSignal, For, Show, type JSX } from "solid-js";
import { count } from "../../data/format";
import type { OpenFile } from "../../state/session";
import { ask, Fault } from "../../worker/client";

interface Hit {
  id: bigint;
  name: string;
}

export function Search(props: { file: OpenFile; rows: number; hasNames: boolean; onRow: (row: number) => void }): JSX.Element {
  const [typed, setTyped] = createSignal("");
  const [said, setSaid] = createSignal("");
  const [hits, setHits] = createSignal<readonly Hit[]>([]);
  let latest = 0;

  const findId = async (id: bigint): Promise<void> => {
    setSaid("Looking for it…");
    try {
      const places = await ask("find", { handle: props.file.handle, id });
      const row = places[0]?.row;
      setSaid(row === undefined ? `No row has the id ${id.toString()}.` : places.length > 1 ? `${count(places.length)} rows have it; this is the first.` : "");
      if (row !== undefined) props.onRow(row);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      setSaid(error.message);
    }
  };
  const go = (event: Event): void => {
    event.preventDefault();
    const text = typed().trim();
    // Numbers are shown in groups, and may be pasted with the spaces between them.
    const digits = text.replace(/\s/g, "");
    const row = /^#(\d+)$/.exec(digits)?.[1];
    if (row !== undefined) {
      if (Number(row) < props.rows) props.onRow(Number(row));
      setSaid(Number(row) < props.rows ? "" : `The last row is ${count(props.rows - 1)}.`);
    } else if (/^-?\d+$/.test(digits)) {
      const id = BigInt(digits);
      if (BigInt.asIntN(64, id) === id) void findId(id);
      else setSaid("An id has 64 bits at most.");
    }
    else if (hits()[0]) pick(hits()[0]);
    else if (text !== "") setSaid(props.hasNames ? "No name has these letters." : "An id is a whole number; a row is one after a #.");
  };
  const type = async (text: string): Promise<void> => {
    setTyped(text);
    setSaid("");
    const now = ++latest;
    if (!props.hasNames || text.trim().length < 2 || /^[-#\d\s]+$/.test(text)) {
      setHits([]);
      return;
    }
    const found = await ask("idsNamed", { handle: props.file.handle, words: text.trim(), most: 8 });
    if (now === latest) setHits(found);
  };
  const pick = (hit: Hit | undefined): void => {
    if (!hit) return;
    latest += 1;
    setHits([]);
    void findId(hit.id);
  };
  return (
    <form class="search" role="search" onSubmit={go}>
      <input
        class="field"
        type="search"
        aria-label={props.hasNames ? "Find an id, a name, or a row after #" : "Find an id, or a row after #"}
        placeholder={props.hasNames ? "Find an id, a name, or #row" : "Find an id, or #row"}
        value={typed()}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => void type(event.currentTarget.value)}
      />
      <p class="search-said" role="status">
        {said()}
      </p>
      <Show when={hits().length > 0}>
        <ul class="search-hits">
          <For each={hits()}>
            {(hit) => (
              <li>
                <button type="button" onClick={() => pick(hit)}>
                  <span>{hit.name}</span>
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </form>
  );
}
