// Each call of the protocol, answered by the package.
import { open, type IndexFile, type Verifier } from "faissil";
import { matches } from "../data/matches";
import { diff } from "../data/diff";
import { namesIn } from "../data/names";
import { textOf } from "../data/text";
import type { Inspection, Verification } from "../data/json";
import type { Answer, Ask, Calls, Op, Opened, Progress, ProgressOf, ToWorker } from "./protocol";

/** What an answer may use while it is worked on. */
export interface Context {
  signal: AbortSignal;
  progress: (progress: ProgressOf<Op>) => void;
  fetched: (handle: number, fetched: { requests: number; bytes: number }) => void;
}

interface Held {
  index: IndexFile;
  verifier?: Promise<Verifier> | undefined;
  report?: Promise<Verification> | undefined;
  names?: ReadonlyMap<bigint, string> | undefined;
}

/** How often progress crosses to the page, in milliseconds. */
const PACE = 50;

const held = new Map<number, Held>();
let handles = 0;

type Answers = { [O in Op]: (ask: Ask<O>, context: Context) => Promise<Answer<O>> };

const ANSWERS: Answers = {
  async open({ source, side }, { signal }): Promise<Opened> {
    const input = "file" in source ? source.file : new URL(source.url);
    const beside = side ?? ("url" in source && source.side !== undefined ? new URL(source.side) : undefined);
    const index = await open(input, { signal, ...(beside ? { side: beside } : {}) });
    try {
      const inspection = (await index.inspect({ signal })) as Inspection;
      const handle = ++handles;
      held.set(handle, { index });
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

  async chunks({ handle }) {
    const { chunks } = await verifierOf(find(handle));
    const pairs = new Float64Array(2 * chunks.length);
    chunks.forEach(({ offset, bytes }, at) => pairs.set([offset, bytes], 2 * at));
    return pairs;
  },

  async verify({ handle }, { signal, progress }) {
    const now = find(handle);
    const verifier = await verifierOf(now);
    const { chunks, states } = verifier;
    const isStopped = (): boolean => signal.aborted;
    const began = performance.now();
    let told = began;
    let changed: number[] = [];
    const tell = (): void => {
      told = performance.now();
      progress({ bytes: verifier.bytes, elapsed: told - began, changed: Uint32Array.from(changed) } satisfies Progress);
      changed = [];
    };
    for (let number = 0; number < chunks.length; number += 1) {
      if (states[number] !== 0) continue;
      if (isStopped()) {
        tell();
        return null;
      }
      changed.push(number, await verifier.check(number));
      if (performance.now() - told >= PACE) tell();
    }
    tell();
    if (isStopped()) return null;
    // A verifier gives its report once. A run after one that was stopped meanwhile takes what that one began.
    now.report ??= verifier.finish().catch((error: unknown) => {
      now.verifier = now.report = undefined;
      throw error;
    });
    const report = await now.report;
    return isStopped() ? null : report;
  },

  async parts({ handle }, { signal }) {
    return (await find(handle).index.parts(undefined, { signal })).parts;
  },

  bytes: ({ handle, offset, length }, { signal }) => find(handle).index.bytes(offset, length, { signal }),
  ids: ({ handle, first, count }, { signal }) => find(handle).index.ids(first, count, { signal }),

  async find({ handle, id }, { signal }) {
    const [found] = await find(handle).index.find([id], { signal });
    return found?.places ?? [];
  },

  async vectors({ handle, first, count }, { signal }) {
    const { d, fidelity, ids, values, bits } = await find(handle).index.vectors({ first, count }, { signal });
    // Bits are shown as what they are: 0 and 1.
    const bit = (_: unknown, at: number): number => ((bits[at >> 3] ?? 0) >> (at & 7)) & 1;
    const shown = bits.length > 0 ? Float32Array.from({ length: bits.length * 8 }, bit) : values;
    return { d, fidelity: bits.length > 0 ? "bits" : fidelity, ids, values: shown };
  },

  async names({ handle, attachment }, { signal }) {
    const now = find(handle);
    const bytes = await now.index.attachment(attachment, { signal });
    now.names = namesIn(attachment, new TextDecoder().decode(bytes));
    return now.names?.size ?? null;
  },

  namesOf: ({ handle, ids }) => {
    const { names } = find(handle);
    return Promise.resolve(Array.from(ids, (id) => names?.get(id) ?? ""));
  },

  idsNamed: ({ handle, words, most }) => {
    const found: { id: bigint; name: string }[] = [];
    for (const [id, name] of find(handle).names ?? []) {
      if (!matches(name, words)) continue;
      found.push({ id, name });
      if (found.length >= most) break;
    }
    return Promise.resolve(found);
  },

  async preview({ handle, attachment }, { signal }) {
    return textOf(attachment, await find(handle).index.attachment(attachment, { signal }));
  },

  async diffIds({ handle, other, rows, otherRows }, { signal }) {
    const [first, second] = await Promise.all([allIds(find(handle).index, rows, signal), allIds(find(other).index, otherRows, signal)]);
    return diff(first, second);
  },

  attachment: ({ handle, name }, { signal }) => find(handle).index.attachment(name, { signal }),

  healthPlan: ({ handle, sample }, { signal }) => find(handle).index.healthPlan({ ...sample, signal }),

  health: ({ handle, sample }, { signal, progress }) =>
    find(handle).index.health({ ...sample, signal, onProgress: paced((share) => progress({ share })), onSection: (section) => progress({ section }) }),

  map: ({ handle, sample: { rows, runs, seed } }, { signal, progress }) => {
    const sample = { ...(rows === undefined ? {} : { rows }), ...(runs === undefined ? {} : { runs }), ...(seed === undefined ? {} : { seed }) };
    return find(handle).index.map({ ...sample, signal, onProgress: paced((share) => progress({ share })) });
  },
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

/** Lets a share through every now and then. */
function paced(tell: (share: number) => void): (share: number) => void {
  let told = 0;
  return (share) => {
    if (performance.now() - told < PACE) return;
    told = performance.now();
    tell(share);
  };
}

/** Every id of a file, a million at a time. */
async function allIds(index: IndexFile, rows: number, signal: AbortSignal): Promise<BigInt64Array> {
  const all = new BigInt64Array(rows);
  for (let first = 0; first < rows; first += 1_000_000) {
    all.set(await index.ids(first, Math.min(1_000_000, rows - first), { signal }), first);
  }
  return all;
}

function verifierOf(now: Held): Promise<Verifier> {
  return (now.verifier ??= now.index.verifier());
}

function find(handle: number): Held {
  const now = held.get(handle);
  if (!now) throw new Error("the file was closed");
  return now;
}
