// How the index is doing, part by part, as soon as each has been looked at.
import { createEffect, createMemo, createResource, For, Match, on, onCleanup, Show, Switch, untrack, type JSX } from "solid-js";
import type { Measure } from "faissil";
import { plural, share as percent } from "../../data/format";
import { chunkLength, costOf } from "../../data/health/cost";
import { worst } from "../../data/health/panel";
import type { SampleOf } from "../../data/sample";
import { saveAs } from "../../data/save";
import { stringify } from "../../data/stringify";
import { examination, examine, health, plan, planFault, planFor, sections } from "../../state/examining";
import { go } from "../../state/route";
import { choose } from "../../state/selection";
import type { OpenFile } from "../../state/session";
import { chunks, prepare } from "../../state/verifying";
import { Icon } from "../../ui/icon";
import { SampleForm } from "../../ui/sample-form";
import { Part } from "./part";
import { PlanCard } from "./plan";
import { StateSign } from "./state";
import "./health.css";

/** What is read without being asked to: of a file on the web, and of one on this machine. */
const FREE = { remote: 8 << 20, local: 512 << 20 } as const;

export default function Health(props: { file: OpenFile }): JSX.Element {
  const isRemote = (): boolean => "url" in props.file.source;
  const cost = (): number => {
    const now = plan();
    return now ? costOf(now, chunkLength(chunks()), Number(props.file.inspection.size_bytes)) : 0;
  };
  let isGone = false;
  onCleanup(() => (isGone = true));
  // The plan first; what is cheap is then looked at without being asked to.
  const [isReady] = createResource(
    () => props.file,
    async (file) => {
      if (untrack(examination.phase) !== "idle") return true;
      if (!untrack(plan)) await Promise.all([prepare(file), planFor(file, {})]);
      if (!isGone && untrack(plan) && untrack(examination.phase) === "idle" && untrack(cost) <= (isRemote() ? FREE.remote : FREE.local)) examine(file, {});
      return true;
    },
  );
  createEffect(on(examination.sample, (sample) => choose({ sample })));
  const again = async (sample: SampleOf): Promise<void> => {
    await planFor(props.file, sample);
    if (!planFault()) examine(props.file, sample);
  };
  const save = (): void => {
    const found = health();
    if (found) saveAs(`${props.file.name}.health.json`, `${stringify(found)}\n`, "application/json");
  };
  const bad = createMemo((): readonly Measure[] => sections().flatMap(({ measures }) => measures.filter(({ state }) => state === "warning" || state === "damage")));
  /** `damage` although no measure says so: what should have been measured is damaged. */
  const isKeptOut = (): boolean => health()?.state === "damage" && !bad().some(({ state }) => state === "damage");
  const trouble = (): string => examination.fault()?.message ?? planFault()?.message ?? "";
  return (
    <div class="sheet health">
      <header class="health-head">
        <div>
          <h1>
            <StateSign state={health()?.state ?? worst(bad().map(({ state }) => state))} size={19} isSaid={false} />
            <Switch fallback="Health">
              <Match when={trouble()}>Not looked at</Match>
              <Match when={examination.phase() === "running"}>Looking</Match>
              <Match when={examination.phase() === "stopped"}>Stopped</Match>
              <Match when={health()}>{(now) => <>{headline(now().state, bad())}</>}</Match>
            </Switch>
          </h1>
          <p class="quiet" role="status">
            <Switch fallback={isReady.loading ? "Working out what a look would take…" : ""}>
              <Match when={trouble()}>{trouble()}</Match>
              <Match when={examination.phase() === "running"}>
                {percent(examination.share(), 1)} done{sections().length > 0 ? `, ${plural(sections().length, "part")} so far` : ""}
              </Match>
              <Match when={examination.phase() === "stopped"}>What was looked at until then is below.</Match>
              <Match when={isKeptOut()}>
                Damage kept a part from being looked at.{" "}
                <button type="button" class="text-button" onClick={() => go({ view: "integrity" })}>
                  See what is damaged
                </button>
              </Match>
              <Match when={health()}>{(now) => <>{conclusion(now().sections.length, now().fault?.message)}</>}</Match>
            </Switch>
          </p>
        </div>
        <div class="health-do">
          <Show when={examination.phase() === "running"}>
            <button type="button" class="button" onClick={() => examination.stop()}>
              Stop <kbd>s</kbd>
            </button>
          </Show>
          <Show when={health()}>
            <button type="button" class="button" onClick={save}>
              <Icon name="down" size={13} /> Report, JSON
            </button>
          </Show>
        </div>
      </header>
      <Show when={examination.phase() === "running"}>
        <progress value={examination.share()} aria-label="How much is looked at" />
      </Show>
      <Show when={!isReady.loading && examination.phase() !== "running" && examination.phase() !== "done" && plan()}>
        {(now) => <PlanCard plan={now()} cost={cost()} isRemote={isRemote()} isSnapshot={props.file.inspection.kind !== "faiss"} onExamine={() => examine(props.file, examination.sample())} />}
      </Show>
      <Show when={bad().length > 0}>
        <ul class="health-bad" aria-label="What stands out">
          <For each={bad()}>
            {(measure) => (
              <li>
                <StateSign state={measure.state} />
                <span>{measure.says}</span>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <For each={sections()}>{(section) => <Part section={section} />}</For>
      <Show when={plan() && examination.phase() !== "running"}>
        <SampleForm sample={examination.sample()} canHaveAll={true} rows="4096" doing="Look again" onDraw={(sample) => void again(sample)} />
      </Show>
    </div>
  );
}

function headline(state: string, bad: readonly Measure[]): string {
  if (bad.length > 0) return `${plural(bad.length, "thing")} to look at`;
  if (state === "damage") return "Damaged in part";
  return state === "unknown" ? "Nothing bad found, not all of it known" : state === "figure" ? "Nothing to judge" : "In good health";
}

function conclusion(parts: number, fault: string | undefined): string {
  if (fault !== undefined) return `It cannot be followed to its end: ${fault}.`;
  if (parts === 0) return "It has no part of a kind that is looked at.";
  return `Each measure below says how it is defined and from where on it is bad.`;
}
