// All that can be opened gives the same.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { open } from '../dist/index.js'
import { parse } from '../dist/json.js'
import { bytesOf, root } from './paths.mjs'

const path = `${root}fixtures/snapshot/v1/packed_full.faissil`
const bytes = bytesOf('fixtures/snapshot/v1/packed_full.faissil')

/** A source that gives at most so many bytes at once, of which it holds none. */
const stingy = (most, wait) => ({
  size: bytes.length,
  read(offset, length) {
    assert.ok(offset >= 0 && length > 0 && offset + length <= bytes.length, `${offset} ${length}`)
    const piece = bytes.slice(offset, offset + Math.min(length, most))
    return wait ? new Promise((done) => setImmediate(done, piece)) : piece
  },
})

test('every kind of input gives the same report', async () => {
  const name = 'one name'
  const reports = []
  for (const input of [bytes, bytes.buffer, new Blob([bytes]), new File([bytes], 'x'), path, pathToFileURL(path), stingy(1e9), stingy(1e9, true), stingy(777, true)]) {
    const index = await open(input, { name })
    assert.equal(index.size, bytes.length)
    reports.push(await index.inspect())
    index.close()
  }
  for (const report of reports) assert.deepEqual(report, reports[0])
})

test('names come from where the bytes do', async () => {
  assert.equal((await open(new File([bytes], 'a.faissil'))).name, 'a.faissil')
  assert.equal((await open(path)).name, path)
  assert.equal((await open(bytes)).name, 'index')
})

test('what cannot be opened says so', async () => {
  await assert.rejects(open(`${root}no/such.file`), { kind: 'read', message: /no such file/ })
  await assert.rejects(open(root), { kind: 'read', message: /is no file/ })
  await assert.rejects(open(7), { kind: 'refused' })
  await assert.rejects(open({ size: -1, read() {} }), { kind: 'refused' })
  const empty = await open({ size: 100, read: () => new Uint8Array() })
  await assert.rejects(empty.inspect(), { kind: 'short' })
  const index = await open(bytes)
  index.close()
  index.close()
  await assert.rejects(index.inspect(), { kind: 'closed' })
})

test('integers that a double cannot hold stay exact', () => {
  const text = '{"a":9223372036854775807,"b":-9223372036854775808,"c":9007199254740991,"d":"n9223372036854775807","e":1e300,"f":0.1234567890123456789,"g":"\\"9223372036854775807","n":[18446744073709551615]}'
  const { a, b, c, d, e, f, g, n } = parse(text)
  assert.deepEqual([a, b, c, n[0]], [9223372036854775807n, -9223372036854775808n, 9007199254740991, 18446744073709551615n])
  assert.deepEqual([d, e, f, g], ['n9223372036854775807', 1e300, 0.12345678901234568, '"9223372036854775807'])
})
