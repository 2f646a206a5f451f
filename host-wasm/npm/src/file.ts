import { begin, runOnce, type Ground, type Result } from './drive.js'
import { fault } from './error.js'
import { parse } from './json.js'
import { ModuleFile, start, type ModuleSource } from './module.js'
import { Pages, type Fetched } from './pages.js'
import { sourceOf, type Input } from './source.js'
import type { Inspection, Opaque, Verification } from './types.js'
import { beginVerifier, type Verifier, type VerifyProgress } from './verifier.js'

/** How a file is opened. */
export interface OpenOptions {
  /** What reports call it; its own name where it has one. */
  name?: string
  /** The file with the lists of an on-disk IVF, which lies beside the index: its name is in the `side-file` note of {@link IndexFile.inspect}. */
  side?: Input
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

/** How {@link IndexFile.verify} is done. */
export interface VerifyOptions extends TaskOptions {
  /** The BLAKE3 in hex that the snapshot or its stream must have. */
  expect?: string
  /** Told after each chunk. */
  onProgress?: (progress: VerifyProgress) => void
}

/** An index file, or a snapshot of one. Close it when it is no longer needed. */
export class IndexFile {
  /** Length in bytes. */
  readonly size: number
  /** What was read so far. */
  readonly fetched: Readonly<Fetched>
  private ground: Ground | undefined

  /** Use {@link open}. */
  constructor(
    pages: Pages,
    side: Pages | undefined,
    /** What reports call it. */
    readonly name: string,
  ) {
    this.size = pages.size
    this.fetched = pages.fetched
    const sideLength = side && BigInt(side.size)
    this.ground = { file: new ModuleFile(BigInt(pages.size), name, sideLength), pages, side }
  }

  /** What is in it. A snapshot answers from its own record, in a read or two; {@link verify} holds that against its bytes. */
  async inspect(options: TaskOptions = {}): Promise<Inspection | Opaque> {
    const { json } = await this.ask('inspect', {}, options)
    const report = parse(json) as Inspection | Opaque
    if ('ids' in report && report.ids) {
      for (const field of ['min', 'max', 'first', 'step'] as const) report.ids[field] = exact(report.ids[field])
    }
    return report
  }

  /** Whether every byte of a snapshot is what was recorded, and what is lost if not. Damage is no error. */
  async verify(options: VerifyOptions = {}): Promise<Verification> {
    const verifier = await this.verifier(options)
    try {
      await verifier.run(options)
      return await verifier.finish(options)
    } finally {
      verifier.close()
    }
  }

  /** The same chunk by chunk, in any order, to be left and gone on with. */
  verifier(options: TaskOptions = {}): Promise<Verifier> {
    return beginVerifier(this.open(), options.signal)
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

  private ask(op: string, params: object, options: TaskOptions): Promise<Result> {
    const ground = this.open()
    return runOnce(ground, begin(ground, op, params), options.signal)
  }

  private open(): Ground {
    if (!this.ground) throw fault('closed', `${this.name} was closed`)
    return this.ground
  }
}

const exact = (id: bigint | number | null): bigint | null => (id === null ? null : BigInt(id))

/** Open an index file or a snapshot. Nothing but its length is read. */
export async function open(input: Input, options: OpenOptions = {}): Promise<IndexFile> {
  const { signal, wasm } = options
  const side = options.side === undefined ? undefined : sourceOf(options.side, signal)
  const [source, sideSource] = await Promise.all([sourceOf(input, signal), side, start(wasm)])
  signal?.throwIfAborted()
  const name = options.name ?? source.name ?? 'index'
  return new IndexFile(new Pages(source), sideSource && new Pages(sideSource), name)
}
