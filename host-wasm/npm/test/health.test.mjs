// How an index is doing, as the package says it: progress, cancelling, and the answers of the native command.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { open } from '../dist/index.js'
import { parse } from '../dist/json.js'
import { faissil, root } from './paths.mjs'

const sample = `${root}samples/debian-packages.faiss`
const folder = mkdtempSync(join(tmpdir(), 'faissil-'))
const packed = join(folder, 'packed.faissil')
const bad = join(folder, 'bad.faissil')

before(() => {
  faissil('save', sample, packed, '--layout', 'packed')
  faissil('save', sample, bad)
  const bytes = readFileSync(bad)
  bytes[2_000_000] ^= 1
  writeFileSync(bad, bytes)
})
after(() => rmSync(folder, { recursive: true }))

/** Bigints and numbers of the same value are the same here. */
const plain = (value) => JSON.parse(JSON.stringify(value, (_, value) => (typeof value === 'bigint' ? Number(value) : value)))

test('health and its plan are those of the command, with every option', async () => {
  const asked = [
    [{}, []],
    [{ all: true }, ['--all']],
    [{ rows: 100, runs: 10, seed: 5 }, ['--rows', '100', '--runs', '10', '--seed', '5']],
  ]
  for (const path of [sample, packed, bad]) {
    const index = await open(path)
    for (const [options, words] of asked) {
      const sections = []
      const health = await index.health({ ...options, onSection: (section) => sections.push(section) })
      assert.deepEqual(plain(health), plain(parse(faissil('health', '--json', ...words, path))))
      assert.deepEqual(sections, health.sections)
      assert.deepEqual(plain(await index.healthPlan(options)), plain(parse(faissil('health', '--plan', ...words, path))))
    }
    const { sections, state } = await index.health()
    const ids = sections.find(({ part }) => part === 'ids')
    assert.equal(typeof ids.detail.min, 'bigint')
    assert.equal(state === 'damage', path === bad)
    index.close()
    await assert.rejects(index.health(), { kind: 'closed' })
  }
})

test('a map is that of the command', async () => {
  for (const path of [sample, packed]) {
    const index = await open(path)
    for (const [options, words] of [[{}, []], [{ rows: 300, seed: 2 }, ['--rows', '300', '--seed', '2']]]) {
      assert.deepEqual(plain(await index.map(options)), plain(parse(faissil('map', '--json', ...words, path))))
    }
  }
  const codes = await open(`${root}fixtures/faiss/1.15.1/hnsw_pq.faiss`)
  assert.equal((await codes.map()).fidelity, 'decoded vectors')
  const bits = await open(`${root}fixtures/faiss/1.15.1/bin_flat.faiss`)
  await assert.rejects(bits.map(), { kind: 'refused' })
})

test('progress goes one way, and an abort stops it in between', async () => {
  const index = await open(sample)
  for (const ask of ['health', 'map']) {
    const told = []
    await index[ask]({ onProgress: (share) => told.push(share) })
    assert.ok(told.length > 2 && told.every((share, at) => share > (told[at - 1] ?? 0) && share <= 1), `${told}`)
    assert.equal(told.at(-1), 1)
    const stop = new AbortController()
    const onProgress = () => stop.abort(new Error('enough'))
    await assert.rejects(index[ask]({ signal: stop.signal, onProgress }), { message: 'enough' })
  }
  await assert.rejects(index.health({ rows: 5, all: true }), { kind: 'refused', message: /cannot both/ })
})
