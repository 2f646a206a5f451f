// The verdict, and what can be done about it.
import { Match, Show, Switch, type JSX } from "solid-js";
import { duration, rate as pace, share } from "../../data/format";
import { match, said } from "../../data/expected";
import { word } from "../../data/lines";
import { verdict } from "../../data/verdict";
import { go, route } from "../../state/route";
import { verifyOpen, type OpenFile } from "../../state/session";
import { bytes, elapsed, fault, phase, rate, report, stop } from "../../state/verifying";
import { Copy } from "../../ui/copy";
import { Sign } from "../../ui/icon";

export function VerdictPanel(props: { file: OpenFile }): JSX.Element {
  const now = () => verdict(props.file.inspection, report(), expected());
  const total = (): number => Number(props.file.inspection.size_bytes);
  const seal = (): string => `faissil seal ${word(props.file.name)}`;
  const expected = () => match(props.file.inspection, route().expect);
  return (
    <section class={`verdict ${now().tone}`} aria-label="Verdict" aria-live="polite">
      <Sign tone={now().tone} size={20} />
      <div class="verdict-text">
        <h2>{HEADLINES[now().word] ?? now().word}</h2>
        <p>{now().sentence}</p>
        <Show when={now().word !== "another file" && said(expected(), report()?.ok === true)}>
          {(sentence) => (
            <p classList={{ "verdict-other": expected() === "other" }}>
              <Show when={expected() === "other"}>
                <Sign tone="damaged" />{" "}
              </Show>
              {sentence()}
            </p>
          )}
        </Show>
        <Show when={fault()}>{(error) => <p>The check ended early: {error().message}</p>}</Show>
      </div>
      <div class="verdict-do">
        <Switch>
          <Match when={props.file.inspection.kind === "faiss"}>
            <p class="command">
              <code>{seal()}</code>
              <Copy text={seal()} label="Copy the command" />
            </p>
          </Match>
          <Match when={phase() === "running"}>
            <p class="num quiet">
              {share(bytes(), total())} · {pace(rate())} · {duration(rate() > 0 ? (total() - bytes()) / rate() : elapsed())} left
            </p>
            <button type="button" class="button" onClick={stop}>
              Stop
            </button>
          </Match>
          <Match when={phase() === "unchecked" || phase() === "stopped" || phase() === "failed"}>
            <button type="button" class="button strong" onClick={verifyOpen}>
              {phase() === "unchecked" ? "Verify" : "Go on verifying"} <kbd>v</kbd>
            </button>
          </Match>
          <Match when={report()?.ok === false}>
            <button type="button" class="button strong" onClick={() => go({ view: "integrity" })}>
              See what is lost
            </button>
          </Match>
        </Switch>
      </div>
    </section>
  );
}

const HEADLINES: Readonly<Record<string, string>> = {
  "as recorded": "As recorded",
  intact: "Intact",
  damaged: "Damaged",
  "another file": "Not the file that is expected",
  incomplete: "Incomplete",
  "not verifiable": "Not verifiable",
};
