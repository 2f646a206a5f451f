// What is stored for one row.
import { createMemo, createResource, For, Match, Show, Switch, type JSX } from "solid-js";
import { runOf } from "../../data/fidelity";
import { count, float, hex, plural } from "../../data/format";
import { placeOf } from "../../data/place";
import { digits, figures, json, numpy } from "../../data/vector";
import { go } from "../../state/route";
import type { OpenFile } from "../../state/session";
import { chunks } from "../../state/verifying";
import { Copy } from "../../ui/copy";
import { Spark } from "../../ui/spark";
import { ask, Fault } from "../../worker/client";
import type { Rows } from "../../worker/protocol";

/** How close what is shown is to what was added. */
const KEPT: Readonly<Record<Rows["fidelity"], string>> = {
  "exact vectors": "Exact: the floats that were added.",
  "decoded vectors": "Decoded: as FAISS reconstructs it, not the floats that were added.",
  bits: "Exact: the bits that were added.",
};

export function Detail(props: { file: OpenFile; row: number; id: bigint | undefined; name: string }): JSX.Element {
  const [vector] = createResource(
    () => ({ handle: props.file.handle, first: props.row, count: 1 }),
    (params) => ask("vectors", params),
  );
  const values = () => (vector.error === undefined ? vector.latest?.values : undefined);
  const said = createMemo(() => {
    const now = values();
    return now && figures(now);
  });
  const place = createMemo(() => {
    const { index } = props.file.inspection;
    return index ? placeOf(index, props.row, props.file.inspection.kind === "sealed" ? chunks() : undefined) : undefined;
  });
  const run = () => runOf(props.file.inspection.fidelity, props.row);
  // Rows of inverted lists are found by their id, which says in which list they are.
  const [entry] = createResource(
    () => (place() || props.id === undefined ? undefined : { handle: props.file.handle, id: props.id, row: props.row }),
    ({ row, ...params }) =>
      ask("find", params)
        .then((places) => places.find((each) => each.row === row))
        .catch(() => undefined),
  );
  const trouble = (): string => (vector.error instanceof Fault ? vector.error.message : vector.error === undefined ? "" : String(vector.error));
  return (
    <section class="vector" aria-label="The chosen row">
      <header>
        <h1 class="num">{props.id === undefined ? `Row ${count(props.row)}` : props.id.toString()}</h1>
        <p class="quiet num">
          <Show when={props.name}>
            <strong>{props.name}</strong> ·{" "}
          </Show>
          row {count(props.row)}
          <Show when={entry()?.list !== undefined && entry()}>
            {(where) => (
              <>
                {" "}
                ·{" "}
                <button type="button" class="text-button" onClick={() => go({ view: "structure", part: "invlists.lists" })}>
                  list {count(where().list ?? 0)}
                </button>
                , entry {count(where().offset ?? 0)}
              </>
            )}
          </Show>
          <Show when={place()}>
            {(where) => (
              <>
                {" "}
                ·{" "}
                <button type="button" class="text-button mono" onClick={() => go({ view: "structure", part: where().path })}>
                  {where().path}
                </button>{" "}
                {count(where().bytes)} bytes at <span class="mono">{hex(where().offset)}</span>
                <Show when={where().chunks}>{(which) => <> · {which()}</>}</Show>
              </>
            )}
          </Show>
        </p>
      </header>
      <Switch fallback={<p class="quiet">Reading it…</p>}>
        <Match when={trouble()}>
          <p class="vector-trouble">{trouble()}</p>
        </Match>
        <Match when={values()}>
          {(now) => (
            <>
              <Spark values={Array.from(now())} label={`The ${now().length} components`} />
              <dl class="vector-figures num">
                <Figure term="norm" value={float(said()?.norm ?? NaN)} />
                <Figure term="least" value={float(said()?.least ?? NaN)} />
                <Figure term="greatest" value={float(said()?.greatest ?? NaN)} />
                <Figure term="mean" value={float(said()?.mean ?? NaN)} />
                <Figure term="zeros" value={count(said()?.zeros ?? 0)} />
                <Show when={(said()?.notFinite ?? 0) > 0}>
                  <Figure term="not finite" value={plural(said()?.notFinite ?? 0, "component")} />
                </Show>
              </dl>
              <p class="quiet">
                <Show when={run()} fallback={KEPT[vector.latest?.fidelity ?? "exact vectors"]}>
                  {(had) => (
                    <>
                      This row: {had().level} ({had().strategy})
                    </>
                  )}
                </Show>
              </p>
              <p class="vector-copy">
                <Copy class="button" text={() => numpy(now())} label="Copy as NumPy">
                  NumPy
                </Copy>
                <Copy class="button" text={() => json(props.id ?? BigInt(props.row), now())} label="Copy as JSON">
                  JSON
                </Copy>
              </p>
              <ol class="vector-values mono" start="0" aria-label="Components">
                <For each={Array.from(now())}>{(value, at) => <li title={`component ${at()}`}>{digits(value).replace("-", "−")}</li>}</For>
              </ol>
            </>
          )}
        </Match>
      </Switch>
    </section>
  );
}

function Figure(props: { term: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}
