import { fault, FaissilError } from './error.js'
import { parse } from './json.js'
import type { Module, ModuleFile, Task } from './module.js'
import type { Pages } from './pages.js'
import { said } from './source.js'

/** Milliseconds of work after which others get a turn. */
const SLICE = 12

/** What every task takes. */
export interface TaskOptions {
  /** Stops it; the promise is rejected with the signal's reason. */
  signal?: AbortSignal
}

/** A result of a task. */
export interface Result {
  /** As text, so that whoever wants no numbers of it need not look for them. */
  json: string
  bytes: Uint8Array
}

/** The files that a task may need, and the task's own. */
export interface Ground {
  file: ModuleFile
  pages: Pages
  side: Pages | undefined
}

/** The same file as another module sees it: what was read stays read. */
export const groundOf = ({ File }: Module, { pages, side }: Omit<Ground, 'file'>, name: string): Ground => ({
  file: new File(BigInt(pages.size), name, side && BigInt(side.size)),
  pages,
  side,
})

/** Begin a task of a file. */
export const begin = (ground: Ground, op: string, params: object = {}): Task =>
  inside(() => ground.file.start(op, written(params)))

/** Run a task; every result is given as it comes, and `onProgress` how much is done. */
export async function* run(
  ground: Ground,
  task: Task,
  signal?: AbortSignal,
  onProgress?: (share: number) => void,
): AsyncGenerator<Result, void, void> {
  const turns = new Turns(signal)
  let told = 0
  try {
    signal?.throwIfAborted()
    for (;;) {
      const answer = inside(() => task.step())
      const share = onProgress ? inside(() => task.progress()) : told
      if (share > told) onProgress?.((told = share))
      if (answer === 3) return
      if (answer === 4) throw elsewhere
      if (answer === 2) throw failure(parse(task.json()) as Failed)
      if (answer === 1) yield inside(() => ({ json: task.json(), bytes: task.bytes() }))
      else await feed(ground, task, signal)
      await turns.maybe()
    }
  } finally {
    task.free()
  }
}

/** Run a task that has one result; `take` may take more than that out of it. */
export async function runOnce(ground: Ground, task: Task, signal?: AbortSignal, take?: (task: Task) => void): Promise<Result> {
  for await (const result of run(ground, task, signal)) {
    if (take) inside(() => take(task))
    return result
  }
  throw fault('internal', 'a task ended without a result')
}

/** Lets everybody else have a turn now and then, and stops when that is wanted. */
export class Turns {
  private since = performance.now()

  constructor(private readonly signal?: AbortSignal) {}

  async maybe(): Promise<void> {
    this.signal?.throwIfAborted()
    if (performance.now() - this.since < SLICE) return
    await turn()
    this.signal?.throwIfAborted()
    this.since = performance.now()
  }
}

async function feed(ground: Ground, task: Task, signal?: AbortSignal): Promise<void> {
  const [at, length] = [Number(task.needAt()), Number(task.needLen())]
  const pages = task.needFile() === 0 ? ground.pages : ground.side
  if (!pages) throw fault('internal', 'a task asks for a side file that is not there')
  const bytes = pages.read(at, length, signal)
  const come = bytes instanceof Uint8Array ? bytes : await bytes
  inside(() => task.bring(BigInt(at), come.subarray(0, most(come, length))))
}

/** A task keeps what it is given, so it gets a page, or what it asked for. */
const most = (come: Uint8Array, length: number): number => Math.min(come.length, Math.max(length, 64 << 10))

/** Another module has the codecs. */
export const elsewhere = new Error()

interface Failed {
  kind: string
  at: number
  path: string
  message: string
}

const failure = ({ kind, at, path, message }: Failed): FaissilError => new FaissilError(kind, message, Number(at), path)

/** Call the module. That it stops is a fault of ours, or it is out of memory. */
export function inside<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw fault('internal', `Faissil's module stopped, which it never should: ${said(error)}. Please report the file`, error)
  }
}

/** Parameters as the module takes them; lists have commas between by themselves. */
const written = (params: object): string =>
  Object.entries(params)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join('\0')

/** Let everybody else have a turn. */
function turn(): Promise<void> {
  const scheduler = (globalThis as { scheduler?: { yield?: () => Promise<void> } }).scheduler
  if (scheduler?.yield) return scheduler.yield()
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => {
    const channel = new MessageChannel()
    channel.port1.onmessage = () => {
      channel.port1.close()
      resolve()
    }
    channel.port2.postMessage(null)
  })
}
