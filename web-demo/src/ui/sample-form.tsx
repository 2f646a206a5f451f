// How much is looked at, to be changed: rows, runs, where the random numbers start, or everything.
import { createSignal, Show, type JSX } from "solid-js";
import { typedNumber, type SampleOf } from "../data/sample";
import "./sample-form.css";

export function SampleForm(props: { sample: SampleOf; canHaveAll: boolean; doing: string; rows: string; onDraw: (sample: SampleOf) => void }): JSX.Element {
  const text = (value: number | undefined): string => value?.toString() ?? "";
  const [rows, setRows] = createSignal(text(props.sample.rows));
  const [runs, setRuns] = createSignal(text(props.sample.runs));
  const [seed, setSeed] = createSignal(text(props.sample.seed));
  const [all, setAll] = createSignal(props.sample.all ?? false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const fields = Object.entries({ rows: all() ? undefined : typedNumber(rows()), runs: typedNumber(runs()), seed: typedNumber(seed()) });
    props.onDraw({ ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)), ...(all() ? { all: true } : {}) });
  };
  return (
    <details class="sample">
      <summary>Another sample</summary>
      <form onSubmit={submit}>
        <Field name="rows" usual={props.rows} value={rows()} onInput={setRows} isOff={all()} />
        <Field name="runs of neighbours" usual="256" value={runs()} onInput={setRuns} isOff={all()} />
        <Field name="seed" usual="1" value={seed()} onInput={setSeed} isOff={all()} />
        <Show when={props.canHaveAll}>
          <label class="sample-all">
            <input type="checkbox" checked={all()} onInput={(event) => setAll(event.currentTarget.checked)} /> everything
          </label>
        </Show>
        <button type="submit" class="button">
          {props.doing}
        </button>
      </form>
    </details>
  );
}

function Field(props: { name: string; usual: string; value: string; isOff: boolean; onInput: (text: string) => void }): JSX.Element {
  return (
    <label>
      <span>{props.name}</span>
      <input class="field num" inputmode="numeric" placeholder={props.usual} disabled={props.isOff} value={props.value} onInput={(event) => props.onInput(event.currentTarget.value)} />
    </label>
  );
}
