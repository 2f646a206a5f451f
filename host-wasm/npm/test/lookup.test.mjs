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

/** An index: how many rows of how many dimensions, how they are laid out, and how many requests a vector by its id may take. */
const kinds = {
  flat: { rows: 40_000, d: 128, stream: flatWithIds, most: 4 },
  // Its ids fill chunks of their own, apart from what a snapshot keeps about itself at the end of the file.
  'large flat': { rows: 500_000, d: 16, stream: flatWithIds, most: 4 },
  ivf: { rows: 40_000, d: 128, nlist: 64, stream: ivf, most: 5 },
  // The sizes of its lists fill more than one page, far from the end of the file.
  'large ivf': { rows: 200_000, d: 32, nlist: 20_000, stream: ivf, most: 5 },
}

/** Bytes that it may take: a chunk of 1 MiB with the vector, and pages. */
const MOST = 1_300_000

const u64 = (...values) => new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer)
const i32 = (value) => new Uint8Array(new Int32Array([value]).buffer)
const tag = (text) => new TextEncoder().encode(text)
const header = (type, d, count) => [tag(type), i32(d), u64(count, 1 << 20, 1 << 20), Uint8Array.of(1), i32(1)]

/** The id of a row, and a vector that is known by it. */
const idOf = (row) => BigInt((row * 7919) % 1_000_003)
const vector = (d, row) => new Float32Array(d).fill(row + 0.5)
const vectors = (d, all) => all.map((row) => new Uint8Array(vector(d, row).buffer))
const ids = (all) => new Uint8Array(BigInt64Array.from(all, idOf).buffer)
const numbers = (first, count, step = 1) => Array.from({ length: count }, (_, number) => first + number * step)

const flat = (d, all) => [...header('IxF2', d, all.length), u64(all.length * d), ...vectors(d, all)]

function flatWithIds({ rows, d }) {
  return [...header('IxMp', d, rows), ...flat(d, numbers(0, rows)), u64(rows), ids(numbers(0, rows))]
}

function ivf({ rows, d, nlist }) {
  const lists = numbers(0, nlist).map((list) => numbers(list, rows / nlist, nlist))
  const direct = [Uint8Array.of(0), u64(0)]
  const inverted = [tag('ilar'), u64(nlist, d * 4), tag('full'), u64(nlist, ...lists.map((list) => list.length))]
  const contents = lists.flatMap((list) => [...vectors(d, list), ids(list)])
  return [...header('IwFl', d, rows), u64(nlist, 1), ...flat(d, numbers(0, nlist)), ...direct, ...inverted, ...contents]
}

for (const [kind, index] of Object.entries(kinds)) {
  test(`a vector by its id, in a snapshot of a ${kind} index with an id index`, async () => {
    const { rows, d, stream: made, most } = index
    const [stream, sealed] = [join(folder, `${kind}.faiss`), join(folder, `${kind}.faissil`)]
    writeFileSync(stream, Buffer.concat(made(index)))
    faissil('save', stream, sealed, '--id-index')
    const server = await serve(memory(new Uint8Array(readFileSync(sealed))))
    try {
      for (const row of [Math.floor(rows / 5), Math.floor(rows / 2) + 7]) {
        const index = await open(server.url)
        await index.inspect()
        const before = { ...index.fetched }
        const found = await index.vectors({ ids: [idOf(row)] })
        assert.deepEqual(found.ids, BigInt64Array.of(idOf(row)))
        assert.deepEqual(found.values, vector(d, row))
        const more = { requests: index.fetched.requests - before.requests, bytes: index.fetched.bytes - before.bytes }
        assert.ok(more.requests > 0 && more.requests <= most && more.bytes <= MOST, `${JSON.stringify(more)}: ${server.asked.join(', ')}`)
        index.close()
      }
    } finally {
      server.close()
    }
  })
}
