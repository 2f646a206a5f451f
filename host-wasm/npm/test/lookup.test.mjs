// How little is asked for over the network for one vector by its id.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open } from '../dist/index.js'
import { faissil } from './paths.mjs'
import { memory, serve } from './server.mjs'

const folder = mkdtempSync(join(tmpdir(), 'faissil-'))
after(() => rmSync(folder, { recursive: true }))

const [rows, d, nlist] = [40_000, 128, 64]

const u64 = (...values) => new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer)
const i32 = (value) => new Uint8Array(new Int32Array([value]).buffer)
const tag = (text) => new TextEncoder().encode(text)
const header = (type, count) => [tag(type), i32(d), u64(count, 1 << 20, 1 << 20), Uint8Array.of(1), i32(1)]

/** The id of a row, and a vector that is known by it. */
const idOf = (row) => BigInt((row * 7919) % 1_000_003)
const vector = (row) => new Float32Array(d).fill(row + 0.5)
const vectors = (all) => all.map((row) => new Uint8Array(vector(row).buffer))
const ids = (all) => new Uint8Array(BigInt64Array.from(all, idOf).buffer)
const numbers = (first, count, step = 1) => Array.from({ length: count }, (_, number) => first + number * step)

const flat = (all) => [...header('IxF2', all.length), u64(all.length * d), ...vectors(all)]

const streams = {
  flat: () => [...header('IxMp', rows), ...flat(numbers(0, rows)), u64(rows), ids(numbers(0, rows))],
  ivf() {
    const lists = numbers(0, nlist).map((list) => numbers(list, rows / nlist, nlist))
    const direct = [Uint8Array.of(0), u64(0)]
    const inverted = [tag('ilar'), u64(nlist, d * 4), tag('full'), u64(nlist, ...lists.map((list) => list.length))]
    const contents = lists.flatMap((list) => [...vectors(list), ids(list)])
    return [...header('IwFl', rows), u64(nlist, 1), ...flat(numbers(0, nlist)), ...direct, ...inverted, ...contents]
  },
}

for (const [kind, most] of Object.entries({ flat: 4, ivf: 5 })) {
  test(`a vector by its id, in a snapshot of a ${kind} index with an id index`, async () => {
    const [stream, sealed] = [join(folder, `${kind}.faiss`), join(folder, `${kind}.faissil`)]
    writeFileSync(stream, Buffer.concat(streams[kind]()))
    faissil('save', stream, sealed, '--id-index')
    const server = await serve(memory(new Uint8Array(readFileSync(sealed))))
    try {
      const index = await open(server.url)
      await index.inspect()
      const [requests, bytes] = [index.fetched.requests, index.fetched.bytes]
      const row = 23_456
      const found = await index.vectors({ ids: [idOf(row)] })
      assert.deepEqual(found.ids, BigInt64Array.of(idOf(row)))
      assert.deepEqual(found.values, vector(row))
      const more = { requests: index.fetched.requests - requests, bytes: index.fetched.bytes - bytes }
      assert.ok(more.requests <= most && more.bytes <= 2 << 20, `${JSON.stringify(more)}: ${server.asked.join(', ')}`)
      assert.equal(index.fetched.requests, server.asked.length)
    } finally {
      server.close()
    }
  })
}
