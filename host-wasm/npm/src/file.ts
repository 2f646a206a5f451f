import { runOnce, type Ground } from './drive.js'
import { fault } from './error.js'
import { ModuleFile, start, type ModuleSource } from './module.js'
import { Pages, type Fetched } from './pages.js'
import { sourceOf, type Input } from './source.js'
import type { Inspection, Opaque } from './types.js'

/** How a file is opened. */
export interface OpenOptions {
  /** What reports call it; its own name where it has one. */
  name?: string
  /** Stops the opening; what is done later has signals of its own. */
  signal?: AbortSignal
  /** Where the WebAssembly module is, if not beside the package's code. */
  wasm?: ModuleSource
}

/** What every task takes. */
export interface TaskOptions {
  /** Stops it; the promise is rejected with the signal's reason. */
  signal?: AbortSignal
}

/** An index file, or a snapshot of one. Close it when it is no longer needed. */
export class IndexFile {
  /** Length in bytes. */
  readonly size: number
  /** What reports call it. */
  readonly name: string
  private ground: Ground | undefined

  /** Use {@link open}. */
  constructor(pages: Pages, name: string) {
    this.size = pages.size
    this.name = name
    this.ground = { file: new ModuleFile(BigInt(pages.size), name), pages, side: undefined }
    this.fetched = pages.fetched
  }

  /** What was read so far. */
  readonly fetched: Readonly<Fetched>

  /** What is in it. A snapshot answers from its own record, in a read or two; {@link verify} holds that against its bytes. */
  async inspect(options: TaskOptions = {}): Promise<Inspection | Opaque> {
    const { json } = await runOnce(this.open(), 'inspect', {}, options.signal)
    const report = json as Inspection | Opaque
    if ('ids' in report && report.ids) {
      for (const field of ['min', 'max', 'first', 'step'] as const) report.ids[field] = exact(report.ids[field])
    }
    return report
  }

  /** Let go of everything. */
  close(): void {
    this.ground?.file.free()
    this.ground?.pages.close()
    this.ground?.side?.close()
    this.ground = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  private open(): Ground {
    if (!this.ground) throw fault('closed', `${this.name} was closed`)
    return this.ground
  }
}

const exact = (id: bigint | number | null): bigint | null => (id === null ? null : BigInt(id))

/** Open an index file or a snapshot. Nothing but its length is read. */
export async function open(input: Input, options: OpenOptions = {}): Promise<IndexFile> {
  const [source] = await Promise.all([sourceOf(input, options.signal), start(options.wasm)])
  options.signal?.throwIfAborted()
  return new IndexFile(new Pages(source), options.name ?? source.name ?? 'index')
}
