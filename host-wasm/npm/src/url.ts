import { fault, type FaissilError } from './error.js'
import { said, type Source } from './source.js'

/** How often a read is tried again after a fault of the network or a server that is busy. */
const TRIES = 3

/**
 * A file on a server, read by plain ranges (`bytes=a-b`), which need no leave of the server to be asked for.
 *
 * Its length is that of a HEAD, else of a GET that is given up once its headers are there, else what a range's
 * Content-Range says where a page may see that.
 */
export async function urlSource(url: URL, signal?: AbortSignal): Promise<Source> {
  const first = await opening(url, signal)
  const name = decoded(url.pathname.split('/').pop() ?? '') || url.host
  return {
    size: first.size,
    name,
    remote: true,
    async read(offset, length, signal) {
      for (let tries = 1; ; tries++) {
        try {
          return await range(url, first, offset, length, signal)
        } catch (error) {
          if (tries === TRIES || !(error instanceof Passing)) throw error instanceof Passing ? error.fault : error
          await pause(200 * 4 ** (tries - 1), signal)
        }
      }
    },
  }
}

/** A part of an address as text; one with a percent sign that stands for nothing, as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** What a server says of a file when it is opened. */
interface Opening {
  size: number
  etag: string | null
  modified: string | null
}

/** A fault that may be over in a moment. */
class Passing {
  constructor(readonly fault: FaissilError) {}
}

async function opening(url: URL, signal?: AbortSignal): Promise<Opening> {
  const told = (headers: Headers, size: number): Opening => ({
    size,
    etag: headers.get('etag'),
    modified: headers.get('last-modified'),
  })
  let refusal: FaissilError | undefined
  for (const method of ['HEAD', 'GET'] as const) {
    const stop = new AbortController()
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    try {
      const response = await ask(url, { method }, either)
      const size = response.ok ? lengthOf(response.headers) : undefined
      if (size !== undefined) return told(response.headers, size)
      if (!response.ok) refusal = refused(url, response.status)
    } catch (error) {
      signal?.throwIfAborted()
      refusal = error as FaissilError
    } finally {
      stop.abort()
    }
    // A server may refuse a HEAD and nothing else.
    if (refusal?.kind === 'offline' || (refusal?.kind === 'http' && method === 'GET')) throw refusal
  }
  const response = await ask(url, { headers: { range: 'bytes=0-0' } }, signal).catch((error: unknown) => {
    throw refusal ?? error
  })
  await response.body?.cancel()
  const size = totalOf(response.headers)
  if (response.status === 206 && size !== undefined) return told(response.headers, size)
  if (refusal) throw refusal
  if (response.status !== 206) throw noRanges(url)
  throw fault('no length', `${url.host} does not say how long the file is, or does not let a page see it: it has to send Content-Length, or to expose Content-Range. Download the file and open it from disk`)
}

/** Content-Length, unless it counts compressed bytes. */
function lengthOf(headers: Headers): number | undefined {
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') return undefined
  return wholeNumber(headers.get('content-length'))
}

/** What a Content-Range says the whole file has. */
const totalOf = (headers: Headers): number | undefined =>
  wholeNumber(/\/(\d+)\s*$/.exec(headers.get('content-range') ?? '')?.[1] ?? null)

function wholeNumber(text: string | null): number | undefined {
  const number = text !== null && /^\d+$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(number) ? number : undefined
}

async function range(url: URL, first: Opening, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
  const last = offset + length - 1
  const stop = new AbortController()
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  try {
    const response = await again(() => ask(url, { headers: { range: `bytes=${offset}-${last}` } }, either), signal)
    const { status, headers } = response
    if (status === 416) throw changed(url, `it no longer has byte ${offset}`)
    if (status === 429 || status >= 500) throw new Passing(refused(url, status))
    if (!response.ok) throw refused(url, status)
    stillThere(url, first, headers)
    const whole = status === 200 && offset === 0 && length === first.size
    if (status !== 206 && !whole) throw noRanges(url)
    const bytes = new Uint8Array(await again(() => response.arrayBuffer(), signal))
    if (bytes.length === 0) throw new Passing(fault('short', `${url.host} sent no bytes where ${length} were asked for`))
    return bytes.subarray(0, length)
  } finally {
    stop.abort()
  }
}

/** That the headers which can be seen are those of the file that was opened. */
function stillThere(url: URL, first: Opening, headers: Headers): void {
  const total = totalOf(headers)
  const [etag, modified] = [headers.get('etag'), headers.get('last-modified')]
  if (total !== undefined && total !== first.size) throw changed(url, `it had ${first.size} bytes and now has ${total}`)
  if (etag && first.etag && etag !== first.etag) throw changed(url, 'its ETag is another')
  if (modified && first.modified && modified !== first.modified) throw changed(url, `it was modified: ${modified}`)
}

/** Ask, and say plainly why there was no answer. */
async function ask(url: URL, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { cache: 'no-store', ...init, signal: signal ?? null })
  } catch (error) {
    signal?.throwIfAborted()
    if (globalThis.navigator?.onLine === false) throw fault('offline', 'this device is offline: connect it, or open a file from disk', error)
    const origin = (globalThis as { location?: Location }).location?.origin
    const across = origin !== undefined && origin !== url.origin
    throw fault('unreachable', across
      ? `${url.host} cannot be reached, or does not allow other sites' pages to read the file (CORS: Access-Control-Allow-Origin). Download the file and open it from disk`
      : `${url.host} cannot be reached: ${said(error)}`, error)
  }
}

/** A step that the network may break. */
async function again<T>(step: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await step()
  } catch (error) {
    signal?.throwIfAborted()
    const plain = (error as Error).name === 'FaissilError' ? (error as FaissilError) : fault('unreachable', `the connection broke: ${said(error)}`, error)
    throw plain.kind === 'offline' ? plain : new Passing(plain)
  }
}

const noRanges = (url: URL): FaissilError =>
  fault('no ranges', `${url.host} sends whole files only, not ranges of them: download the file and open it from disk, or serve it from a server that answers range requests`)

const changed = (url: URL, why: string): FaissilError =>
  fault('changed', `the file at ${url.host} changed while it was read (${why}): open it again`)

function refused(url: URL, status: number): FaissilError {
  const why =
    status === 404 || status === 410 ? 'there is no file at this address'
    : status === 401 || status === 403 ? 'the file is not open to everyone'
    : status === 429 ? 'the server wants fewer requests: try again later'
    : status >= 500 ? 'the server has a fault: try again later'
    : 'the server does not give the file out'
  return fault('http', `${why} (${url.host} answers ${status})`)
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds)
    function done(): void {
      signal?.removeEventListener('abort', done)
      clearTimeout(timer)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    signal?.addEventListener('abort', done)
  })
}
