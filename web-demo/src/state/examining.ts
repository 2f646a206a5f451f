// How the open file is doing, and the map of its vectors: what is asked, how far it is, what came of it. Both outlive the
// view that shows them.
import { createSignal, type Accessor } from "solid-js";
import type { Health, HealthPlan, HealthSection, VectorMap } from "faissil";
import type { SampleOf } from "../data/sample";
import { ask, Fault } from "../worker/client";
import type { Answer, ProgressOf } from "../worker/protocol";
import type { OpenFile } from "./session";

export type Phase = "idle" | "running" | "stopped" | "done" | "failed";

/** Something that is worked out for the open file, once, with progress, and that can be stopped. */
class Work<O extends "health" | "map"> {
  private readonly signals = {
    phase: createSignal<Phase>("idle"),
    share: createSignal(0),
    answer: createSignal<Answer<O>>(),
    fault: createSignal<Fault>(),
    sample: createSignal<SampleOf>({}),
  };
  readonly phase: Accessor<Phase> = this.signals.phase[0];
  /** How much is done, from 0 to 1. */
  readonly share: Accessor<number> = this.signals.share[0];
  readonly answer: Accessor<Answer<O> | undefined> = this.signals.answer[0];
  readonly fault: Accessor<Fault | undefined> = this.signals.fault[0];
  /** What was asked for last. */
  readonly sample: Accessor<SampleOf> = this.signals.sample[0];
  private stopping = new AbortController();

  constructor(
    private readonly op: O,
    private readonly heard: (progress: ProgressOf<O>) => void,
  ) {}

  /** Begins, or begins again with another sample. */
  async begin(handle: number, sample: SampleOf): Promise<void> {
    this.stopping.abort();
    const stopping = (this.stopping = new AbortController());
    const { phase, share, answer, fault } = this.signals;
    this.signals.sample[1](sample);
    share[1](0);
    answer[1](undefined);
    fault[1](undefined);
    phase[1]("running");
    const hear = (progress: ProgressOf<O>): void => {
      if (stopping.signal.aborted) return;
      if ("share" in progress) share[1](progress.share);
      this.heard(progress);
    };
    try {
      const found = await ask(this.op, { handle, sample }, { signal: stopping.signal, onProgress: hear });
      if (stopping.signal.aborted) return;
      answer[1](() => found);
      phase[1]("done");
    } catch (error) {
      if (stopping.signal.aborted) return;
      if (!(error instanceof Fault)) throw error;
      fault[1](error);
      phase[1]("failed");
    }
  }

  stop(): void {
    if (this.phase() !== "running") return;
    this.stopping.abort();
    this.signals.phase[1]("stopped");
  }

  forget(): void {
    this.stopping.abort();
    this.signals.phase[1]("idle");
    this.signals.share[1](0);
    this.signals.answer[1](undefined);
    this.signals.fault[1](undefined);
    this.signals.sample[1]({});
  }
}

const [early, setEarly] = createSignal<readonly HealthSection[]>([]);
const [plan, setPlan] = createSignal<HealthPlan>();
const [planFault, setPlanFault] = createSignal<Fault>();
/** What would be looked at; undefined until it is known. */
export { plan, planFault };

const examination = new Work("health", (progress) => {
  if ("section" in progress) setEarly((before) => [...before, progress.section]);
});
const drawing = new Work("map", () => undefined);
export { drawing, examination };

/** The report, once there is one. */
export const health = (): Health | undefined => examination.answer();
/** The parts of it that are there already. */
export const sections = (): readonly HealthSection[] => health()?.sections ?? early();
/** The map, once there is one. */
export const map = (): VectorMap | undefined => drawing.answer();

/** Which question for a plan is the last one; an answer to an earlier one, or about another file, is of no use any more. */
let questions = 0;

/** Finds out what a look would take. */
export async function planFor({ handle }: OpenFile, sample: SampleOf): Promise<void> {
  const question = ++questions;
  setPlanFault(undefined);
  try {
    const found = await ask("healthPlan", { handle, sample });
    if (question === questions) setPlan(found);
  } catch (error) {
    if (question !== questions) return;
    if (!(error instanceof Fault)) throw error;
    setPlanFault(error);
  }
}

/** Looks, or looks again. */
export function examine({ handle }: OpenFile, sample: SampleOf): void {
  setEarly([]);
  void examination.begin(handle, sample);
}

/** Draws the map, or another one. */
export function draw({ handle }: OpenFile, sample: SampleOf): void {
  void drawing.begin(handle, sample);
}

/** Another file is opened. */
export function forgetExamined(): void {
  questions += 1;
  examination.forget();
  drawing.forget();
  setEarly([]);
  setPlan(undefined);
  setPlanFault(undefined);
}
