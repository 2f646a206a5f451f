// Verification, chunk by chunk: how far it is, what is damaged, and what is lost by that.
import { createEffect, createMemo, Match, Show, Switch, type JSX } from "solid-js";
import { match } from "../../data/expected";
import { count, duration, rate as pace, share, size } from "../../data/format";
import { word } from "../../data/lines";
import { saveAs } from "../../data/save";
import { stringify } from "../../data/stringify";
import { verdict } from "../../data/verdict";
import { route } from "../../state/route";
import { verifyOpen, type OpenFile } from "../../state/session";
import { bytes, elapsed, fault, pace as points, phase, prepare, rate, report, chunks, stop, tally } from "../../state/verifying";
import { Copy } from "../../ui/copy";
import { Icon, Sign } from "../../ui/icon";
import { DamageList } from "./damage";
import { Expected } from "./expected";
import { Heat } from "./heat";
import { PaceCurve } from "./pace";
import "./integrity.css";

export default function Integrity(props: { file: OpenFile }): JSX.Element {
  createEffect(() => void prepare(props.file));
  return (
    <div class="sheet integrity">
      <Show when={props.file.inspection.kind !== "faiss"} fallback={<Plain file={props.file} />}>
        <Sealed file={props.file} />
      </Show>
    </div>
  );
}

function Sealed(props: { file: OpenFile }): JSX.Element {
  const now = () => verdict(props.file.inspection, report(), match(props.file.inspection, route().expect));
  const total = createMemo(() => chunks()?.reduce((sum, each, at) => (at % 2 === 1 ? sum + each : sum), 0) ?? Number(props.file.inspection.size_bytes));
  const left = (): string => (rate() > 0 ? duration(Math.max(0, total() - bytes()) / rate()) : "…");
  const save = (): void => {
    const found = report();
    if (found) saveAs(`${props.file.name}.verify.json`, `${stringify(found)}\n`, "application/json");
  };
  return (
    <>
      <header class="integrity-head">
        <div>
          <h1>
            <Sign tone={now().tone} size={19} />
            <Switch fallback={now().word === "another file" ? "Not the file that is expected" : HEADLINES[now().tone]}>
              <Match when={phase() === "running"}>Verifying</Match>
              <Match when={phase() === "stopped"}>Stopped</Match>
              <Match when={phase() === "failed"}>Ended early</Match>
            </Switch>
          </h1>
          <p class="quiet" role="status">
            <Switch fallback={now().sentence}>
              <Match when={fault()}>{(error) => <>{error().message}</>}</Match>
              <Match when={phase() === "stopped"}>What is checked stays checked; it goes on from there.</Match>
              <Match when={phase() === "running"}>Every chunk of the file is hashed and held against the digest that is recorded for it.</Match>
            </Switch>
          </p>
        </div>
        <div class="integrity-do">
          <Switch>
            <Match when={phase() === "running"}>
              <button type="button" class="button" onClick={stop}>
                Stop <kbd>s</kbd>
              </button>
            </Match>
            <Match when={phase() !== "done"}>
              <button type="button" class="button strong" onClick={verifyOpen}>
                {phase() === "unchecked" ? "Verify" : "Go on"} <kbd>v</kbd>
              </button>
            </Match>
            <Match when={report()}>
              <button type="button" class="button" onClick={save}>
                <Icon name="down" size={13} /> Report, JSON
              </button>
            </Match>
          </Switch>
        </div>
      </header>

      <dl class="integrity-figures num">
        <Figure term="checked" value={share(bytes(), total())} more={`${size(bytes())} of ${size(total())}`} />
        <Figure term="chunks" value={`${count(tally().intact)} intact`} more={`of ${count((chunks()?.length ?? 0) / 2)}`} />
        <Figure term="damaged" value={count(tally().damaged)} more={tally().damaged > 0 ? (tally().damaged === 1 ? "chunk" : "chunks") : phase() === "done" ? "none" : "none so far"} tone={tally().damaged > 0 ? "damaged" : undefined} />
        <Figure term={phase() === "running" ? "time left" : "took"} value={phase() === "running" ? left() : elapsed() > 0 ? duration(elapsed()) : "–"} more={rate() > 0 ? pace(rate()) : ""} />
        <div class="integrity-pace">
          <dt>pace</dt>
          <dd>
            <PaceCurve points={points()} />
          </dd>
        </div>
      </dl>

      <Show when={chunks()} fallback={<p class="quiet">Reading the table of chunks…</p>}>
        {(places) => <Heat chunks={places()} inspection={props.file.inspection} />}
      </Show>

      <Show when={report()}>
        {(found) => (
          <>
            <Show when={found().damage.length > 0}>
              <DamageList file={props.file} damage={found().damage} />
            </Show>
            <Show when={found().warnings.length > 0}>
              <ul class="integrity-warnings">{found().warnings.map((each) => <li>{each}</li>)}</ul>
            </Show>
          </>
        )}
      </Show>

      <Expected inspection={props.file.inspection} isVerified={report()?.ok === true} />
    </>
  );
}

const HEADLINES = { unchecked: "Not verified yet", intact: "Intact", damaged: "Damaged", plain: "Nothing to verify against" } as const;

function Figure(props: { term: string; value: string; more: string; tone?: string | undefined }): JSX.Element {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd class={props.tone}>{props.value}</dd>
      <dd class="faint">{props.more}</dd>
    </div>
  );
}

/** A plain index file: nothing to hold its bytes against. */
function Plain(props: { file: OpenFile }): JSX.Element {
  const seal = (): string => `faissil seal ${word(props.file.name)}`;
  return (
    <div class="integrity-plain">
      <h1>
        <Sign tone="plain" size={19} /> Nothing to verify against
      </h1>
      <p>
        FAISS writes no checksums. Whether a byte of this file has changed since it was written cannot be told, by this page or anyone. That its outline can be
        followed{props.file.inspection.complete ? " to the end, as it can," : ""} says nothing about the vectors in it.
      </p>
      <p>To be able to tell from now on, seal it. It stays a FAISS file; digests are put behind it.</p>
      <p class="command">
        <code>{seal()}</code>
        <Copy text={seal()} label="Copy the command" />
      </p>
    </div>
  );
}
