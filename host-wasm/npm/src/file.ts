import { begin, elsewhere, groundOf, run, runOnce, type Ground, type Result, type TaskOptions } from './drive.js'
import { fault, FaissilError } from './error.js'
import { examine, map, plan, type HealthOptions, type HealthPlanOptions, type MapOptions } from './health.js'
import type { Health, HealthPlan, VectorMap } from './health-types.js'
import { parse } from './json.js'
import { modules, type Module, type ModuleSource } from './module.js'
import { Pages, type Fetched } from './pages.js'
import { sourceOf, type Input } from './source.js'
import type { FoundId, Inspection, Opaque, Part, Place, Vectors, Verification } from './types.js'
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
  /** Where the second module is, which is loaded when vectors, attachments or other contents are first asked for. */
  contents?: ModuleSource
  /** Where the third module is, which is loaded for {@link IndexFile.health} and {@link IndexFile.map}. */
  health?: ModuleSource
  /** Where the fourth module is, which is loaded to verify a packed snapshot, and for its ids. */
  packed?: ModuleSource
}

/** How {@link IndexFile.verify} is done. */
export interface VerifyOptions extends TaskOptions {
  /** The BLAKE3 in hex that the snapshot or its stream must have. */
  expect?: string
  /** Told after each chunk. */
  onProgress?: (progress: VerifyProgress) => void
}

/** The modules that are loaded when they are needed. */
type Other = 'contents' | 'health' | 'packed'

/** An index file, or a snapshot of one. Close it when it is no longer needed. */
export class IndexFile {
  /** Length in bytes. */
  readonly size: number
  /** What was read so far. */
  readonly fetched: Readonly<Fetched>
  private ground: Ground | undefined
  private others: Partial<Record<Other, Promise<Ground>>> = {}

  /** Use {@link open}. */
  constructor(
    pages: Pages,
    side: Pages | undefined,
    /** What reports call it. */
    readonly name: string,
    module: Module,
    private readonly sources: Pick<OpenOptions, Other>,
  ) {
    this.size = pages.size
    this.fetched = pages.fetched
    this.ground = groundOf(module, { pages, side }, name)
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
  async verifier(options: Pick<VerifyOptions, 'expect' | 'signal'> = {}): Promise<Verifier> {
    return this.decoding((ground) => beginVerifier(ground, options.expect, options.signal))
  }

  /** The ids of `count` rows from `first` on, fewer at the end. Where none are stored FAISS answers row numbers, and so does this. */
  async ids(first: number, count: number, options: TaskOptions = {}): Promise<BigInt64Array> {
    const { bytes } = await this.ask('ids', { first, count }, options)
    return new BigInt64Array(aligned(bytes))
  }

  /** Where these ids are, along the cheapest road there is; in their order. */
  async find(ids: readonly bigint[], options: TaskOptions = {}): Promise<FoundId[]> {
    const { json } = await this.askContents('find', { ids }, options)
    const { found } = parse(json) as { found: (Omit<FoundId, 'id'> & { id: number | bigint })[] }
    return found.map((one) => ({ ...one, id: BigInt(one.id) }))
  }

  /** The rows that have an id; none where it is not there. */
  async rowsOf(id: bigint, options: TaskOptions = {}): Promise<number[]> {
    const [found] = await this.find([id], options)
    return found?.places.map(({ row }) => row) ?? []
  }

  /** The id of a row. */
  async idOf(row: number, options: TaskOptions = {}): Promise<bigint> {
    const [id] = await this.ids(row, 1, options)
    if (id === undefined) throw new FaissilError('refused', `there is no row ${row}`)
    return id
  }

  /** Vectors as they are stored, or as their codes decode, ascending by row: at most 16 MiB at a time. Refused where FAISS has no reconstruction. */
  async vectors(
    which: { rows: readonly number[] } | { ids: readonly bigint[] } | { first: number; count: number },
    options: TaskOptions = {},
  ): Promise<Vectors> {
    const ground = await this.openOther('contents')
    const results = []
    for await (const result of run(ground, begin(ground, 'vectors', which), options.signal)) results.push(result)
    const [labels, floats] = results
    if (!labels || !floats) throw fault('internal', 'the task `vectors` ended without its results')
    const { count, d, dtype, fidelity } = parse(labels.json) as Pick<Vectors, 'd' | 'fidelity'> & { count: number; dtype: string }
    const buffer = aligned(labels.bytes)
    const rows = Array.from(new BigUint64Array(buffer, 0, count), Number)
    const ids = new BigInt64Array(buffer.slice(count * 8))
    const isBinary = dtype === 'bits'
    const values = isBinary ? new Float32Array() : new Float32Array(aligned(floats.bytes))
    return { d, fidelity, rows, ids, values, bits: isBinary ? floats.bytes : new Uint8Array() }
  }

  /** What {@link health} would look at, and how many bytes that reads: asked first where bytes are dear. */
  async healthPlan(options: HealthPlanOptions = {}): Promise<HealthPlan> {
    return plan(await this.openOther('health'), options)
  }

  /**
   * How the index is doing: what makes searches slow, what they cannot find, what no index should hold. Of a large one a sample
   * is looked at, which the report describes. What cannot be looked at, such as the vectors of a binary index, says so;
   * damage is no error.
   */
  async health(options: HealthOptions = {}): Promise<Health> {
    return examine(await this.openOther('health'), options)
  }

  /**
   * The vectors, or a sample of them, in two dimensions: along their principal components. At most 5000 points. Refused where there
   * are none that decode, and of a binary index.
   */
  async map(options: MapOptions = {}): Promise<VectorMap> {
    return map(await this.openOther('health'), options)
  }

  /** An attachment in pieces, each checked; a digest that is not right at the end is an error. */
  async *attachmentPieces(name: string, options: TaskOptions = {}): AsyncGenerator<Uint8Array, void, void> {
    const ground = await this.openOther('contents')
    for await (const { bytes } of run(ground, begin(ground, 'attachment', { name }), options.signal)) yield bytes
  }

  /** The bytes of an attachment. */
  async attachment(name: string, options: TaskOptions = {}): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.attachmentPieces(name, options)) pieces.push(piece)
    const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of pieces) {
      out.set(piece, at)
      at += piece.length
    }
    return out
  }

  /** The text of `faissil dump`: bytes of the stream beside their meaning; all of it in short, or what touches `at`. */
  async dump(at?: Place, options: TaskOptions = {}): Promise<string> {
    const { json } = await this.askContents('dump', span(at), options)
    return parse(json) as string
  }

  /** What lies where in the stream; all of it, or what touches `at`. */
  async parts(at?: Place, options: TaskOptions = {}): Promise<{ end: number; parts: Part[] }> {
    const { json } = await this.askContents('parts', span(at), options)
    return parse(json) as { end: number; parts: Part[] }
  }

  /** Bytes of the stream, at most 4 MiB at a time, fewer at its end. For looking at: damaged ones are given as they are. */
  async bytes(offset: number, length: number, options: TaskOptions = {}): Promise<Uint8Array> {
    return (await this.askContents('bytes', { at: offset, len: length }, options)).bytes
  }

  /** Let go of everything. */
  close(): void {
    this.ground?.file.free()
    this.ground?.pages.close()
    this.ground?.side?.close()
    for (const other of Object.values(this.others)) void other.then(({ file }) => file.free(), () => {})
    this.ground = undefined
    this.others = {}
  }

  [Symbol.dispose](): void {
    this.close()
  }

  private ask(op: string, params: object, options: TaskOptions): Promise<Result> {
    return this.decoding((ground) => runOnce(ground, begin(ground, op, params), options.signal))
  }

  private decoding<T>(work: (ground: Ground) => Promise<T>): Promise<T> {
    return work(this.open()).catch(async (error: unknown) => {
      if (error !== elsewhere) throw error
      return work(await this.openOther('packed'))
    })
  }

  private async askContents(op: string, params: object, options: TaskOptions): Promise<Result> {
    const ground = await this.openOther('contents')
    return runOnce(ground, begin(ground, op, params), options.signal)
  }

  /** The file as another module sees it. */
  private async openOther(name: Other): Promise<Ground> {
    const ground = this.open()
    const opening = (this.others[name] ??= modules[name].start(this.sources[name]).then((module) => groundOf(module, ground, this.name)))
    try {
      await opening
    } catch (error) {
      // The module may come another time.
      if (this.others[name] === opening) delete this.others[name]
      throw error
    }
    this.open()
    return opening
  }

  private open(): Ground {
    if (!this.ground) throw fault('closed', `${this.name} was closed`)
    return this.ground
  }
}

const span = (at: Place | undefined): object => (at ? { at: at.offset, len: at.bytes } : {})

/** The bytes alone in a buffer, where numbers begin at its start. */
const aligned = (bytes: Uint8Array): ArrayBuffer =>
  bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? (bytes.buffer as ArrayBuffer) : (bytes.slice().buffer as ArrayBuffer)

const exact = (id: bigint | number | null): bigint | null => (id === null ? null : BigInt(id))

/** Open an index file or a snapshot. Nothing but its length is read. */
export async function open(input: Input, options: OpenOptions = {}): Promise<IndexFile> {
  const { signal, wasm } = options
  const side = options.side === undefined ? undefined : sourceOf(options.side, signal)
  const [source, sideSource, module] = await Promise.all([sourceOf(input, signal), side, modules.basics.start(wasm)])
  signal?.throwIfAborted()
  const name = options.name ?? source.name ?? 'index'
  return new IndexFile(new Pages(source), sideSource && new Pages(sideSource), name, module, options)
}
