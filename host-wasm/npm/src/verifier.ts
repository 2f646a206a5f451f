import { begin, inside, runOnce, Turns, type Ground } from './drive.js'
import { FaissilError } from './error.js'
import { parse } from './json.js'
import type { ModuleVerifier } from './module.js'
import type { Damage, Place, Verification } from './types.js'

/** What is known of a chunk. */
export const ChunkState = { unchecked: 0, good: 1, damaged: 2 } as const
export type ChunkState = (typeof ChunkState)[keyof typeof ChunkState]

/** How far a verification is. */
export interface VerifyProgress {
  /** The chunk that was checked last, and what it came to. */
  chunk: number
  state: ChunkState
  /** Chunks checked, and how many there are. */
  checked: number
  chunks: number
  /** Their bytes. */
  bytes: number
  total: number
}

/**
 * A verification, chunk by chunk. {@link run} goes on where it was stopped; {@link check} takes any chunk that is wanted
 * first. Once all are checked, {@link finish} compares, explains, and gives the report.
 */
export class Verifier {
  /** What is known of each chunk, see {@link ChunkState}; grows as they are checked. */
  readonly states: Uint8Array
  /** Chunks checked. */
  checked = 0
  /** Bytes of the chunks that are checked, and of all of them. */
  bytes = 0
  readonly total: number

  /** Use {@link IndexFile.verifier}. */
  constructor(
    private readonly ground: Ground,
    private inner: ModuleVerifier | undefined,
    /** Where the chunks lie in the file; none where there is nothing to verify against. */
    readonly chunks: readonly Place[],
    private readonly report: Verification | undefined,
  ) {
    this.states = new Uint8Array(chunks.length)
    this.total = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  }

  /** Check one chunk, unless it was checked before. */
  async check(number: number, options: { signal?: AbortSignal } = {}): Promise<ChunkState> {
    const chunk = this.chunks[number]
    if (!chunk) throw new FaissilError('refused', `there is no chunk ${number}: there are ${this.chunks.length}`)
    if (this.states[number] === ChunkState.unchecked) {
      const read = this.ground.pages.all(chunk.offset, chunk.bytes, options.signal)
      const bytes = read instanceof Uint8Array ? read : await read
      // Another call may have been faster.
      if (this.states[number] === ChunkState.unchecked) {
        this.states[number] = inside(() => this.open().check(number, bytes))
        this.checked++
        this.bytes += chunk.bytes
      }
    }
    return this.states[number] as ChunkState
  }

  /** Check all chunks that are not checked yet, in their order. Others get a turn in between; an abort stops it within a chunk. */
  async run(options: { signal?: AbortSignal; onProgress?: (progress: VerifyProgress) => void } = {}): Promise<void> {
    const { signal, onProgress } = options
    const turns = new Turns(signal)
    for (let chunk = 0; chunk < this.chunks.length; chunk++) {
      if (this.states[chunk] !== ChunkState.unchecked) continue
      const state = await this.check(chunk, options)
      const { checked, bytes, total } = this
      onProgress?.({ chunk, state, checked, chunks: this.chunks.length, bytes, total })
      await turns.maybe()
    }
  }

  /** Make outline, ids and tables again and compare: the report. Only once all chunks are checked; then the verifier is used up. */
  async finish(options: { signal?: AbortSignal } = {}): Promise<Verification> {
    if (this.report) return this.report
    const left = this.chunks.length - this.checked
    if (left > 0) throw new FaissilError('refused', `${left} of ${this.chunks.length} chunks have not been checked yet`)
    const task = inside(() => this.open().finish())
    const { json } = await runOnce(this.ground, task, options.signal)
    return verification(json)
  }

  /** Let go of it. */
  close(): void {
    this.inner?.free()
    this.inner = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  private open(): ModuleVerifier {
    if (!this.inner) throw new FaissilError('closed', 'this verification was closed')
    return this.inner
  }
}

/** Begin: all of the file but its chunks is read. */
export async function beginVerifier(ground: Ground, expect?: string, signal?: AbortSignal): Promise<Verifier> {
  const { json, bytes, verifier } = await runOnce(ground, begin(ground, 'verify', { expect }), signal)
  const places = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const number = (at: number): number => Number(places.getBigUint64(at, true))
  const chunks = Array.from({ length: bytes.length / 16 }, (_, chunk): Place => ({ offset: number(chunk * 16), bytes: number(chunk * 16 + 8) }))
  return new Verifier(ground, verifier, chunks, verifier ? undefined : verification(json))
}

function verification(json: string): Verification {
  const report = parse(json) as Verification & { damage: (Omit<Damage, 'ids_lost'> & { ids_lost: { ids: (number | bigint)[] } })[] }
  for (const { ids_lost } of report.damage) ids_lost.ids = ids_lost.ids.map(BigInt)
  return report
}
