// A second file beside the first: what differs, by digest, parameters and ids.
import { createResource, createSignal, For, Match, onCleanup, Show, Switch, type JSX } from "solid-js";
import { compare, type Line } from "../../data/compare";
import { count, plural } from "../../data/format";
import { word } from "../../data/lines";
import { nameOf, rewrite } from "../../data/links";
import { pickOne } from "../../shell/pick";
import { SAMPLES, sampleUrl } from "../../state/samples";
import { choose } from "../../state/selection";
import type { OpenFile } from "../../state/session";
import { Sign } from "../../ui/icon";
import { ask, Fault } from "../../worker/client";
import type { Opened, Source } from "../../worker/protocol";
import { IdLists } from "./ids";
import "./compare.css";

/** Ids of files up to so many rows are compared in the page. */
const MOST_ROWS = 5_000_000;

interface Other extends Opened {
  name: string;
}

export default function Compare(props: { file: OpenFile }): JSX.Element {
  const [other, setOther] = createSignal<Other>();
  const [said, setSaid] = createSignal("");
  const [typed, setTyped] = createSignal("");
  // Counts what was asked for, so that of two files chosen one after the other the later one stays.
  let asked = 0;
  const drop = (): void => {
    asked += 1;
    const now = other();
    if (now) void ask("close", { handle: now.handle });
    setOther(undefined);
    choose({ other: undefined });
  };
  onCleanup(drop);
  const open = async (source: Source, name: string): Promise<void> => {
    drop();
    const now = asked;
    setSaid(`Reading ${name}…`);
    try {
      const opened = await ask("open", { source });
      if (now !== asked) {
        void ask("close", { handle: opened.handle });
        return;
      }
      setOther({ ...opened, name });
      choose({ other: name });
      setSaid("");
    } catch (error) {
      if (now === asked) setSaid(error instanceof Fault ? error.message : String(error));
    }
  };
  const pick = async (): Promise<void> => {
    const file = await pickOne();
    if (file) await open({ file }, file.name);
  };
  const openTyped = (event: Event): void => {
    event.preventDefault();
    try {
      const { url } = rewrite(typed());
      void open({ url }, nameOf(url));
    } catch {
      setSaid("This is no web address.");
    }
  };
  return (
    <div class="sheet compare">
      <header>
        <h1>Compare with another file</h1>
        <div class="compare-choose">
          <button type="button" class="button strong" onClick={() => void pick()}>
            Choose a file…
          </button>
          <form onSubmit={openTyped}>
            <input
              class="field mono"
              type="url"
              aria-label="Address of the other file"
              placeholder="or its address"
              value={typed()}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </form>
          <span class="quiet">
            or a sample:{" "}
            <For each={SAMPLES}>
              {(sample, at) => (
                <>
                  {at() > 0 ? ", " : ""}
                  <button type="button" class="text-button" onClick={() => void open({ url: sampleUrl(sample.name) }, sample.file)}>
                    {sample.title}
                  </button>
                </>
              )}
            </For>
          </span>
        </div>
        <p class="compare-said" role="status">
          {said()}
        </p>
      </header>
      <Show when={other()} keyed>
        {(now) => <Both first={props.file} second={now} />}
      </Show>
    </div>
  );
}

function Both(props: { first: OpenFile; second: Other }): JSX.Element {
  const found = () => compare(props.first.inspection, props.second.inspection);
  const digests = () => [props.first.inspection.stream.blake3, props.second.inspection.stream.blake3] as const;
  const isSame = (): boolean => digests()[0] !== null && digests()[0] === digests()[1];
  const groups = () => [...new Set(found().differ.map(({ group }) => group))];
  const rows = (file: Opened): number => Number(file.inspection.ids?.count ?? 0);
  const areIdsNear = (): boolean => rows(props.first) > 0 && rows(props.second) > 0 && Math.max(rows(props.first), rows(props.second)) <= MOST_ROWS;
  const [ids] = createResource(
    () => (areIdsNear() ? { handle: props.first.handle, other: props.second.handle, rows: rows(props.first), otherRows: rows(props.second) } : undefined),
    (params) => ask("diffIds", params),
  );
  const line = (): string => `faissil diff ${word(props.first.name)} ${word(props.second.name)}`;
  return (
    <>
      <p class="compare-verdict">
        <Sign tone={isSame() ? "intact" : "plain"} size={16} />
        <span>
          <Switch>
            <Match when={isSame()}>
              <strong>The same index.</strong> Both record the same digest of the FAISS stream. Whether their bytes have it, verifying each of them shows.
            </Match>
            <Match when={digests()[0] === null || digests()[1] === null}>
              <strong>{plural(found().differ.length, "difference")}</strong> in what they say of themselves. A plain file records no digest, so whether the vectors
              are equal shows only <code>{line()}</code>.
            </Match>
            <Match when={true}>
              <strong>Not the same index.</strong> {plural(found().differ.length, "difference")}, {count(found().equal)} lines are equal.
            </Match>
          </Switch>
        </span>
      </p>
      <table class="compare-table">
        <thead>
          <tr>
            <td />
            <th scope="col">
              <code>{props.first.name}</code>
            </th>
            <th scope="col">
              <code>{props.second.name}</code>
            </th>
          </tr>
        </thead>
        <For each={groups()}>
          {(group) => (
            <tbody>
              <tr class="compare-group">
                <th scope="rowgroup" colspan="3">
                  {group}
                </th>
              </tr>
              <For each={found().differ.filter((each) => each.group === group)}>{(each) => <Row line={each} />}</For>
            </tbody>
          )}
        </For>
      </table>
      <section aria-labelledby="ids-title">
        <h2 id="ids-title">Ids</h2>
        <Switch fallback={<p class="quiet">At most one of the two stores ids, so there is nothing to compare by id.</p>}>
          <Match when={ids.error as unknown}>
            <p class="compare-said">{ids.error instanceof Fault ? ids.error.message : String(ids.error)}</p>
          </Match>
          <Match when={ids.loading}>
            <p class="quiet">Comparing ids…</p>
          </Match>
          <Match when={ids()}>{(now) => <IdLists diff={now()} first={props.first.name} second={props.second.name} />}</Match>
          <Match when={rows(props.first) > 0 && rows(props.second) > 0}>
            <p>
              There are more ids than a page should sort. <code>{line()}</code> compares any number.
            </p>
          </Match>
        </Switch>
      </section>
    </>
  );
}

function Row(props: { line: Line }): JSX.Element {
  const isCode = (): boolean => props.line.group === "arrays" || /digest|BLAKE3|^index$|class/.test(props.line.name);
  return (
    <tr>
      <th scope="row">{props.line.name}</th>
      <td class="num" classList={{ mono: isCode() }}>
        {props.line.a}
      </td>
      <td class="num" classList={{ mono: isCode() }}>
        {props.line.b}
      </td>
    </tr>
  );
}
