// The page's end of the protocol: a call is a promise, and the worker is started with the first one.
import { createSignal } from "solid-js";
import type { Answer, Ask, Failure, Op, ProgressOf, ToPage, ToWorker } from "./protocol";

/** What the worker could not do, with the core's or the source's own sentence. */
export class Fault extends Error {
  readonly kind: string;
  readonly at: number;
  readonly path: string;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "Fault";
    this.kind = failure.kind;
    this.at = failure.at;
    this.path = failure.path;
  }
}

interface Waiting {
  answer: (value: Answer<Op>) => void;
  fail: (error: unknown) => void;
  progress: ((value: ProgressOf<Op>) => void) | undefined;
}

/** How a call is watched and ended. */
export interface Watch<O extends Op> {
  signal?: AbortSignal;
  onProgress?: (progress: ProgressOf<O>) => void;
}

const waiting = new Map<number, Waiting>();
let worker: Worker | undefined;
let calls = 0;

const [fetched, setFetched] = createSignal<ReadonlyMap<number, { requests: number; bytes: number }>>(new Map());
/** Bytes and requests of each open file, by its handle. */
export { fetched };

/** Asks the worker. Stopped by the signal, it ends with an `AbortError`; `verify` then answers null. */
export function ask<O extends Op>(op: O, params: Ask<O>, watch: Watch<O> = {}): Promise<Answer<O>> {
  const call = ++calls;
  return new Promise<Answer<O>>((answer, fail) => {
    waiting.set(call, {
      answer,
      fail,
      progress: watch.onProgress,
    });
    watch.signal?.addEventListener("abort", () => post({ stop: call }), { once: true });
    post({ call, op, ask: params } as ToWorker);
  });
}

/** Starts the worker ahead of the first call, while someone is still choosing a file. */
export function warm(): void {
  worker ??= start();
}

function post(message: ToWorker): void {
  warm();
  worker?.postMessage(message);
}

function start(): Worker {
  const started = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "faissil" });
  started.addEventListener("message", ({ data }: MessageEvent<ToPage>) => hear(data));
  started.addEventListener("error", (event) => failAll(event.message || "the worker that reads files could not be started"));
  return started;
}

function hear(message: ToPage): void {
  if ("handle" in message) {
    setFetched((before) => new Map(before).set(message.handle, message.fetched));
    return;
  }
  const call = waiting.get(message.call);
  if ("progress" in message) {
    call?.progress?.(message.progress);
    return;
  }
  waiting.delete(message.call);
  if ("failure" in message) call?.fail(new Fault(message.failure));
  else call?.answer(message.answer);
}

/** The worker itself is gone: every call that waits ends, and the next one starts another. */
function failAll(message: string): void {
  for (const { fail } of waiting.values()) fail(new Fault({ kind: "worker", at: 0, path: "", message }));
  waiting.clear();
  worker?.terminate();
  worker = undefined;
}
