import { FaissilError, fault } from './error.js'

/**
 * Where bytes come from. Make one for anything that is not a `Blob`, bytes, a URL or a path.
 *
 * `read` gives the bytes from `offset` on, `length` of them or fewer, but at least one; both are within `size`. It may
 * be asked for several places at once.
 */
export interface Source {
  /** Length in bytes. */
  readonly size: number
  read(offset: number, length: number, signal?: AbortSignal): Uint8Array | Promise<Uint8Array>
  /** What reports call it. */
  readonly name?: string
  /** Whether a read costs a round trip: then more is read at once. */
  readonly remote?: boolean
  /** Let go of what it holds. */
  close?(): void
}

/** What can be opened. A string is a URL when it looks like one (`scheme://…`) or this is a page, else a path. */
export type Input = Blob | Uint8Array | ArrayBuffer | URL | string | Source

/** Bytes that are in memory. */
export class BytesSource implements Source {
  readonly size: number
  constructor(private readonly bytes: Uint8Array) {
    this.size = bytes.length
  }
  read(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset, offset + length)
  }
}

/** A `Blob`, or a `File` that someone picked or dropped; read in slices. */
export class BlobSource implements Source {
  readonly size: number
  readonly name: string | undefined
  constructor(private readonly blob: Blob) {
    this.size = blob.size
    this.name = typeof File !== 'undefined' && blob instanceof File ? blob.name : undefined
  }
  async read(offset: number, length: number): Promise<Uint8Array> {
    try {
      return new Uint8Array(await this.blob.slice(offset, offset + length).arrayBuffer())
    } catch (error) {
      // A browser notices by itself that a picked file is no longer what it was.
      const gone = error instanceof DOMException && (error.name === 'NotReadableError' || error.name === 'NotFoundError')
      if (!gone) throw fault('read', `the file could not be read: ${said(error)}`, error)
      throw fault('changed', 'the file was changed, moved or deleted while it was read: open it again', error)
    }
  }
}

/** The words of whatever was thrown. */
export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The source of an input, ready to be read. */
export async function sourceOf(input: Input, signal?: AbortSignal): Promise<Source> {
  if (input instanceof Uint8Array) return new BytesSource(input)
  if (input instanceof ArrayBuffer) return new BytesSource(new Uint8Array(input))
  if (typeof Blob !== 'undefined' && input instanceof Blob) return new BlobSource(input)
  if (input instanceof URL || typeof input === 'string') return named(input, signal)
  const source = input as Source
  if (typeof source?.read === 'function' && Number.isSafeInteger(source.size) && source.size >= 0) return source
  throw new FaissilError('refused', 'open takes a Blob, bytes, a URL, a path, or an object with `size` and `read`')
}

/** Of a URL or, outside pages, a path. */
async function named(input: URL | string, signal?: AbortSignal): Promise<Source> {
  const base = typeof document !== 'undefined' ? document.baseURI : (globalThis as { location?: Location }).location?.href
  const isUrl = input instanceof URL || base !== undefined || /^[a-z][a-z0-9+.-]+:\/\//i.test(input)
  if (!isUrl) return (await import('./node.js')).fileSource(input)
  let url: URL
  try {
    url = new URL(input, base)
  } catch (error) {
    throw new FaissilError('refused', `this is no URL: ${input}`, 0, '', { cause: error })
  }
  if (url.protocol === 'file:' && base === undefined) return (await import('./node.js')).fileSource(url)
  if (url.protocol === 'blob:' || url.protocol === 'data:') {
    return new BlobSource(await (await fetch(url, { signal: signal ?? null })).blob())
  }
  return (await import('./url.js')).urlSource(url, signal)
}
