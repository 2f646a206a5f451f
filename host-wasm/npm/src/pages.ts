import { fault } from './error.js'
import type { Source } from './source.js'

/** Bytes of the shortest read, of a source that costs a round trip and of one that does not. */
const SHORTEST = { remote: 32 << 10, local: 16 << 10 }

/** Bytes of the longest. */
const LONGEST = { remote: 4 << 20, local: 1 << 20 }

/** What a snapshot keeps about itself stands at its end; this much of it comes with the first read there. */
const TAIL = 128 << 10

/** Pieces of up to so many bytes are kept, all together so many. */
const KEPT = { each: 512 << 10, all: 4 << 20 }

/** What was read of a file so far. */
export interface Fetched {
  /** Reads of the source; of a URL, also the request for its length. */
  requests: number
  /** Bytes that came. */
  bytes: number
}

interface Piece {
  at: number
  bytes: Uint8Array
}

/**
 * The bytes of a source, a page or more at a time.
 *
 * Whoever goes straight on gets twice as much at each read, and once reads are long the next piece is fetched while the
 * last one is worked on. The last piece is at hand, and the last few short ones.
 */
export class Pages {
  readonly fetched: Fetched = { requests: 0, bytes: 0 }
  private last: Piece | undefined
  private kept: Piece[] = []
  private ahead: { at: number; length: number; piece: Promise<Piece> } | undefined
  private reach = 0
  private readonly speed: 'remote' | 'local'

  constructor(private readonly source: Source) {
    this.speed = source.remote ? 'remote' : 'local'
    if (source.remote) this.fetched.requests = 1
  }

  get size(): number {
    return this.source.size
  }

  /** Bytes from `at` on, `length` of them or fewer or more, but the first. */
  read(at: number, length: number, signal?: AbortSignal): Uint8Array | Promise<Uint8Array> {
    const held = this.held(at)
    if (held) return held
    const straightOn = this.last !== undefined && at === this.last.at + this.last.bytes.length
    const [shortest, longest] = [SHORTEST[this.speed], LONGEST[this.speed]]
    this.reach = straightOn ? Math.min(Math.max(this.reach, shortest) * 2, longest) : shortest
    let want = Math.min(Math.max(length, this.reach), longest)
    const end = Math.max(0, this.size - TAIL)
    if (this.speed === 'remote' && at >= end && this.last === undefined) {
      const piece = this.load(end, this.size - end, signal)
      // A server may send less than it was asked for: then what is wanted may not be in it.
      const from = (piece: Piece): Uint8Array | Promise<Uint8Array> => {
        const bytes = this.take(piece)
        return at - end < bytes.length ? bytes.subarray(at - end) : this.read(at, length, signal)
      }
      return piece instanceof Promise ? piece.then(from) : from(piece)
    }
    const ahead = this.ahead?.at === at ? this.ahead : undefined
    this.ahead = undefined
    // What went wrong with a read ahead, such as an abort, was not about this one.
    const piece = ahead ? ahead.piece.catch(() => this.load(at, want, signal)) : this.load(at, want, signal)
    if (straightOn && this.reach === longest) this.lookAhead(at + (ahead?.length ?? want), signal)
    return piece instanceof Promise ? piece.then((piece) => this.take(piece)) : this.take(piece)
  }

  /** All bytes of a place, which is small enough to hold. */
  all(at: number, length: number, signal?: AbortSignal): Uint8Array | Promise<Uint8Array> {
    const first = this.read(at, length, signal)
    if (first instanceof Uint8Array && first.length >= length) return first.subarray(0, length)
    return this.gather(first, at, length, signal)
  }

  private async gather(first: Uint8Array | Promise<Uint8Array>, at: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    let piece = await first
    if (piece.length >= length) return piece.subarray(0, length)
    const out = new Uint8Array(length)
    for (let done = 0; ; ) {
      piece = piece.subarray(0, length - done)
      out.set(piece, done)
      done += piece.length
      if (done === length) return out
      signal?.throwIfAborted()
      const more = this.read(at + done, length - done, signal)
      piece = more instanceof Uint8Array ? more : await more
    }
  }

  /** What is at hand from `at` on. */
  private held(at: number): Uint8Array | undefined {
    const within = (piece: Piece): boolean => at >= piece.at && at < piece.at + piece.bytes.length
    if (this.last && within(this.last)) return this.last.bytes.subarray(at - this.last.at)
    const number = this.kept.findIndex(within)
    const piece = this.kept[number]
    if (!piece) return undefined
    this.kept.splice(number, 1)
    this.kept.push(piece)
    return piece.bytes.subarray(at - piece.at)
  }

  private take(piece: Piece): Uint8Array {
    this.last = piece
    if (piece.bytes.length <= KEPT.each) {
      this.kept.push(piece)
      let bytes = this.kept.reduce((sum, { bytes }) => sum + bytes.length, 0)
      while (bytes > KEPT.all) bytes -= this.kept.shift()?.bytes.length ?? bytes
    }
    return piece.bytes
  }

  private lookAhead(at: number, signal?: AbortSignal): void {
    const length = Math.min(this.reach, this.size - at)
    if (length <= 0) return
    const piece = this.load(at, length, signal)
    if (!(piece instanceof Promise)) return // in memory: there is nothing to wait for
    piece.catch(() => {}) // whoever takes it hears of it
    this.ahead = { at, length, piece }
  }

  private load(at: number, length: number, signal?: AbortSignal): Piece | Promise<Piece> {
    length = Math.min(length, this.size - at)
    this.fetched.requests++
    const got = (bytes: Uint8Array): Piece => {
      if (bytes.length === 0) throw fault('short', `the source gave no bytes at ${at}, where ${length} were asked for`)
      this.fetched.bytes += bytes.length
      return { at, bytes: bytes.length > length ? bytes.subarray(0, length) : bytes }
    }
    const bytes = this.source.read(at, length, signal)
    return bytes instanceof Uint8Array ? got(bytes) : bytes.then(got)
  }

  /** Let go of everything. */
  close(): void {
    this.kept = []
    this.last = this.ahead = undefined
    this.source.close?.()
  }
}
