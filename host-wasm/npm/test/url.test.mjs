// Files on servers, good and bad.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { open } from '../dist/index.js'
import { bytesOf } from './paths.mjs'
import { memory, serve } from './server.mjs'

const bytes = bytesOf('fixtures/snapshot/v1/sealed_full.faissil')
let server

before(async () => void (server = await serve(memory(bytes))))
after(() => server.close())
beforeEach(() => ((server.behave = {}), (server.asked = [])))

/** What opening and inspecting comes to. */
async function inspect() {
  const index = await open(server.url)
  try {
    return await index.inspect()
  } finally {
    index.close()
  }
}

const local = async () => {
  const index = await open(bytes, { name: 'some index.faissil' })
  return index.inspect()
}

test('a server as it should be: its length, then the end of the file', async () => {
  const index = await open(server.url)
  assert.deepEqual(await index.inspect(), await local())
  assert.equal(server.asked[0], 'HEAD')
  assert.equal(server.asked[1], `GET bytes=${Math.max(0, bytes.length - (128 << 10))}-${bytes.length - 1}`)
  assert.equal(index.fetched.requests, server.asked.length)
  assert.ok(server.asked.length <= 3, server.asked.join(', '))
})

test('the length comes from a GET that is given up where there is no HEAD', async () => {
  server.behave = { noHead: true }
  assert.deepEqual(await inspect(), await local())
  assert.deepEqual(server.asked.slice(0, 2), ['HEAD', 'GET'])
})

test('the length comes from Content-Range where it is said nowhere else', async () => {
  server.behave = { noLength: true }
  assert.deepEqual(await inspect(), await local())
  assert.deepEqual(server.asked.slice(0, 3), ['HEAD', 'GET', 'GET bytes=0-0'])
})

test('compressed bytes are not counted as bytes of the file', async () => {
  server.behave = { headers: { 'content-encoding': 'identity' } }
  assert.deepEqual(await inspect(), await local())
})

/** A file whose end is not all of it. */
const large = bytesOf('samples/debian-packages.faiss')

const withLarge = (check) => async () => {
  const other = await serve(memory(large))
  const usual = server
  try {
    server = other
    await check()
  } finally {
    server = usual
    other.close()
  }
}

const refused = async (kind, words, behave, doing = inspect) => {
  server.behave = behave
  await assert.rejects(doing, (error) => {
    assert.equal(error.name, 'FaissilError')
    assert.equal(error.kind, kind, error.message)
    assert.match(error.message, words)
    return true
  })
}

test('each way in which a server fails has its sentence', async () => {
  await refused('no length', /does not say how long/, { noLength: true, hideRange: true })
  await refused('http', /no file at this address.*404/, { status: 404 })
  await refused('http', /not open to everyone.*403/, { status: 403 })
  await refused('http', /has a fault.*500/, { status: 500 })
})

test('a server that knows no ranges', withLarge(() => refused('no ranges', /whole files only/, { noRanges: true })))

const changing = (before, later) => async () => {
  server.behave = before
  const index = await open(server.url)
  server.behave = later
  await index.inspect()
}

test('a file that changes underway is noticed', async () => {
  await refused('changed', /changed while it was read/, {}, changing({}, { size: bytes.length - 9 }))
  await refused('changed', /ETag/, {}, changing({ headers: { etag: '"a"' } }, { headers: { etag: '"b"' } }))
  const day = (day) => ({ headers: { 'last-modified': `Fri, 0${day} Jan 2021 00:00:00 GMT` } })
  await refused('changed', /was modified/, {}, changing(day(1), day(2)))
})

test('a file that was cut so short that a range begins behind its end', withLarge(() =>
  refused('changed', /no longer has byte/, {}, changing({}, { size: 10 }))))

test('a moment of trouble passes, more of it does not', async () => {
  server.behave = { busy: 2 }
  assert.deepEqual(await inspect(), await local())
  server.behave = { cut: 1 }
  assert.deepEqual(await inspect(), await local())
  await refused('http', /503/, { busy: 99 })
  await refused('unreachable', /connection broke/, { cut: 99 })
})

test('an address with a percent sign that stands for nothing', async () => {
  server.behave = {}
  const index = await open(new URL('100%.faiss', server.url))
  assert.equal((await index.inspect()).stream.bytes, (await local()).stream.bytes)
})

test('nobody there', async () => {
  await assert.rejects(open('http://127.0.0.1:1/x'), { name: 'FaissilError', kind: 'unreachable' })
})

test('an abort is the reason that was given', async () => {
  const stop = new AbortController()
  stop.abort(new Error('enough'))
  await assert.rejects(open(server.url, { signal: stop.signal }), { message: 'enough' })
  const index = await open(server.url)
  await assert.rejects(index.inspect({ signal: stop.signal }), { message: 'enough' })
  server.behave = { busy: 99 }
  const later = new AbortController()
  setTimeout(() => later.abort(new Error('now')), 50)
  await assert.rejects(index.inspect({ signal: later.signal }), { message: 'now' })
})
