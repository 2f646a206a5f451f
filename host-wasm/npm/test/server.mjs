// A server of one file that counts what it is asked for, and misbehaves on request.

import { createServer } from 'node:http'

/**
 * @param {{ size: number, read(at: number, length: number): Buffer }} file
 * @returns a server with `url`, the list `asked`, and `behave`: what it does otherwise than it should
 */
export async function serve(file) {
  const it = { asked: [], behave: {}, url: '', close: () => {} }
  const server = createServer((request, response) => {
    const { behave } = it
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    it.asked.push(`${request.method} ${request.headers.range ?? ''}`.trim())
    const answer = (status, headers, bytes) => {
      response.writeHead(status, { ...(behave.headers ?? {}), ...headers })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    }
    if (behave.status) return answer(behave.status, {}, 'no')
    if (request.method === 'HEAD' && behave.noHead) return answer(405, {}, '')
    if (range && behave.busy > 0) return (behave.busy--, answer(503, {}, 'busy'))
    const size = behave.size ?? file.size
    if (!range || behave.noRanges) {
      const length = behave.noLength ? { 'transfer-encoding': 'chunked' } : { 'content-length': size }
      response.writeHead(200, { ...(behave.headers ?? {}), ...length })
      return response.end(request.method === 'HEAD' ? undefined : file.read(0, Math.min(size, 1 << 16)))
    }
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]), size - 1)]
    if (from >= size) return answer(416, { 'content-range': `bytes */${size}` }, '')
    const bytes = file.read(from, to - from + 1)
    const head = behave.hideRange ? {} : { 'content-range': `bytes ${from + (behave.shift ?? 0)}-${to}/${size}` }
    if (behave.cut > 0) {
      behave.cut--
      response.writeHead(206, { ...head, 'content-length': bytes.length })
      response.write(bytes.subarray(0, bytes.length >> 1))
      return setTimeout(() => response.destroy(), 20)
    }
    answer(206, head, bytes)
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  it.url = `http://127.0.0.1:${server.address().port}/folder/some%20index.faissil`
  it.close = () => (server.closeAllConnections(), server.close())
  return it
}

/** A file that is in memory. */
export const memory = (bytes) => ({ size: bytes.length, read: (at, length) => Buffer.from(bytes.buffer, bytes.byteOffset + at, length) })
