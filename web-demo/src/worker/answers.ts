// Each call of the protocol, answered by the package.
import { open, type IndexFile, type Verifier } from "faissil";
import type { Inspection, Part } from "../data/json";
import type { Answer, Ask, Calls, Op, Opened, Progress, ProgressOf, ToWorker } from "./protocol";

/** What an answer may use while it is worked on. */
export interface Context {
  signal: AbortSignal;
  progress: (progress: ProgressOf<Op>) => void;
  fetched: (handle: number, fetched: { requests: number; bytes: number }) => void;
}

interface Held {
  index: IndexFile;
  verifier?: Verifier;
  checkedBytes: number;
}

/** How often progress crosses to the page, in milliseconds. */
const PACE = 50;

const held = new Map<number, Held>();
let handles = 0;

type Answers = { [O in Op]: (ask: Ask<O>, context: Context) => Promise<Answer<O>> };

const ANSWERS: Answers = {
  async open({ source, side }, { signal }): Promise<Opened> {
    const input = "file" in source ? source.file : new URL(source.url);
    const index = await open(input, { signal, ...(side ? { side } : {}) });
    try {
      const inspection = (await index.inspect({ signal })) as Inspection;
      const handle = ++handles;
      held.set(handle, { index, checkedBytes: 0 });
      return { handle, inspection };
    } catch (error) {
      index.close();
      throw error;
    }
  },

  close({ handle }) {
    held.get(handle)?.index.close();
    held.delete(handle);
    return Promise.resolve(null);
  },

  async chunks({ handle, expect }) {
    const { chunks } = await verifierOf(find(handle), expect);
    const last = chunks.at(-1);
    return Float64Array.from([...chunks.map(({ offset }) => offset), ...(last ? [last.offset + last.bytes] : [])]);
  },

  async verify({ handle, expect }, { signal, progress }) {
    const now = find(handle);
    const verifier = await verifierOf(now, expect);
    const { chunks, states } = verifier;
    const began = performance.now();
    let told = began;
    let changed: number[] = [];
    const tell = (): void => {
      told = performance.now();
      progress({ bytes: now.checkedBytes, elapsed: told - began, changed: Uint32Array.from(changed) } satisfies Progress);
      changed = [];
    };
    for (let number = 0; number < chunks.length; number += 1) {
      if (states[number] !== 0) continue;
      if (signal.aborted) {
        tell();
        return null;
      }
      await verifier.check(number);
      now.checkedBytes += chunks[number]?.bytes ?? 0;
      changed.push(number, states[number] ?? 0);
      if (performance.now() - told >= PACE) tell();
    }
    tell();
    return verifier.finish();
  },

  async parts({ handle }, { signal }) {
    return (await find(handle).index.parts({ signal })) as Part[];
  },

  bytes: ({ handle, offset, length }, { signal }) => find(handle).index.dump(offset, length, { signal }),
  ids: ({ handle, first, count }, { signal }) => find(handle).index.ids(first, count, { signal }),
  rowsOf: ({ handle, id }, { signal }) => find(handle).index.rowsOf(id, { signal }),

  async vectors({ handle, first, count }, { signal }) {
    const { d, ids, values } = await find(handle).index.vectors({ first, count }, { signal });
    return { d, ids, values };
  },

  attachment: ({ handle, name }, { signal }) => find(handle).index.attachment(name, { signal }),
};

/** Answers a call, and says what was read for it. */
export async function answerTo(message: Exclude<ToWorker, { stop: number }>, context: Context): Promise<Answer<Op>> {
  const answering = ANSWERS[message.op] as (ask: Calls[Op]["ask"], context: Context) => Promise<Answer<Op>>;
  const meter = setInterval(() => report(message, context), 250);
  try {
    const answer = await answering(message.ask, context);
    if (message.op === "open") context.fetched((answer as Opened).handle, { ...find((answer as Opened).handle).index.fetched });
    return answer;
  } finally {
    clearInterval(meter);
    report(message, context);
  }
}

function report(message: Exclude<ToWorker, { stop: number }>, context: Context): void {
  if (!("handle" in message.ask)) return;
  const now = held.get(message.ask.handle);
  if (now) context.fetched(message.ask.handle, { ...now.index.fetched });
}

async function verifierOf(now: Held, expect: string | undefined): Promise<Verifier> {
  return (now.verifier ??= await now.index.verifier(expect === undefined ? {} : { expect }));
}

function find(handle: number): Held {
  const now = held.get(handle);
  if (!now) throw new Error("the file was closed");
  return now;
}
