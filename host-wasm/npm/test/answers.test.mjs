// Questions to a real snapshot, with the native command's answers beside.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { open } from '../dist/index.js'
import { faissil, root } from './paths.mjs'
import { memory, serve } from './server.mjs'

const folder = mkdtempSync(join(tmpdir(), 'faissil-'))
const sealed = join(folder, 'sealed.faissil')
const packed = join(folder, 'packed.faissil')

before(() => {
  const attach = ['--attach', `names.json=${root}samples/debian-packages.names.json`]
  faissil('save', `${root}samples/debian-packages.faiss`, sealed, ...attach)
  faissil('save', `${root}samples/debian-packages.faiss`, packed, '--layout', 'packed', ...attach)
})
after(() => rmSync(folder, { recursive: true }))

/** The floats of a NumPy file. */
function floatsOf(path) {
  const bytes = readFileSync(path)
  const start = 10 + bytes.readUInt16LE(8)
  return new Float32Array(new Uint8Array(bytes.subarray(start)).buffer)
}

test('chunks can be checked in any order, left and gone on with', async () => {
  for (const path of [sealed, packed]) {
    const index = await open(path)
    const whole = await index.verify()
    assert.deepEqual([whole.ok, whole.damage], [true, []])
    const verifier = await index.verifier()
    const { chunks } = verifier
    assert.ok(chunks.length > 4)
    for (let number = chunks.length - 1; number > 2; number -= 2) assert.equal(await verifier.check(number), 1)
    await assert.rejects(verifier.check(chunks.length), { kind: 'refused' })
    await assert.rejects(verifier.finish(), { kind: 'refused', message: /have not been checked yet/ })
    const stop = new AbortController()
    await assert.rejects(verifier.run({ signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) }), { message: 'enough' })
    const before = verifier.checked
    assert.ok(before < chunks.length)
    const seen = []
    await verifier.run({ onProgress: ({ chunk }) => seen.push(chunk) })
    assert.equal(seen.length, chunks.length - before)
    assert.ok(verifier.states.every((state) => state === 1))
    assert.deepEqual(await verifier.finish(), whole)
    await assert.rejects(verifier.finish(), { kind: 'refused', message: /finished already/ })
    verifier.close()
  }
})

test('a digest that is expected is looked at before anything else, and held against in the end', async () => {
  const index = await open(sealed)
  await assert.rejects(index.verify({ expect: 'no digest' }), { kind: 'refused' })
  assert.equal(index.fetched.bytes, 0)
  const { snapshot_digest } = await index.inspect()
  assert.equal((await index.verify({ expect: snapshot_digest })).ok, true)
  const other = await index.verify({ expect: '00'.repeat(32) })
  assert.equal(other.ok, false)
  assert.match(other.damage[0].reason, /expected digest/)
})

test('ids, both ways', async () => {
  for (const path of [sealed, packed, `${root}samples/debian-packages.faiss`]) {
    const index = await open(path)
    const ids = await index.ids(5, 7)
    assert.deepEqual([...ids].join('\n'), faissil('ids', path, '--rows', '5..12').trim())
    assert.equal(await index.idOf(11), ids[6])
    assert.deepEqual(await index.rowsOf(ids[6]), [11])
    assert.deepEqual(await index.rowsOf(1n), [])
    assert.deepEqual([...(await index.ids(1998, 100))].length, 2)
    await assert.rejects(index.ids(2001, 1), { kind: 'refused', message: /there are 2000 rows/ })
    const [first, second] = await index.find([ids[0], 2n ** 63n - 1n])
    assert.deepEqual([first.id, first.count, second.id, second.count], [ids[0], 1, 2n ** 63n - 1n, 0])
  }
})

test('vectors, by rows and by ids', async () => {
  for (const path of [sealed, packed]) {
    const index = await open(path)
    const npy = join(folder, 'out.npy')
    faissil('vectors', path, '--rows', '3..6', '-o', npy)
    const found = await index.vectors({ first: 3, count: 3 })
    assert.deepEqual([found.d, found.rows], [384, [3, 4, 5]])
    assert.deepEqual(found.values, floatsOf(npy))
    assert.deepEqual(found.ids, await index.ids(3, 3))
    const [, four, five] = found.ids
    const byId = await index.vectors({ ids: [five, four] })
    assert.deepEqual([byId.rows, byId.values], [[4, 5], found.values.slice(384)])
    assert.deepEqual((await index.vectors({ rows: [5] })).values, found.values.slice(768))
    await assert.rejects(index.vectors({ ids: [1n] }), { kind: 'refused', message: /no vector has the id 1/ })
    await assert.rejects(index.vectors({ rows: [2000] }), { kind: 'refused' })
  }
})

test('attachments and bytes', async () => {
  for (const path of [sealed, packed]) {
    const index = await open(path)
    const names = readFileSync(`${root}samples/debian-packages.names.json`)
    assert.ok(names.equals(await index.attachment('names.json')))
    await assert.rejects(index.attachment('other'), { kind: 'refused', message: /no attachment is named `other`/ })
    const stream = readFileSync(`${root}samples/debian-packages.faiss`)
    assert.ok(stream.subarray(1_000_000, 1_000_777).equals(await index.bytes(1_000_000, 777)))
    assert.equal((await index.bytes(stream.length - 3, 100)).length, 3)
    assert.equal(await index.dump({ offset: 0, bytes: 100 }), faissil('dump', path, '--at', '0..100'))
    const said = JSON.parse(faissil('dump', path, '--json', '--at', '0..100'))
    assert.deepEqual((await index.parts({ offset: 0, bytes: 100 })).parts, said.parts)
  }
})

test('over the network only what is needed is read', async () => {
  const server = await serve(memory(new Uint8Array(readFileSync(sealed))))
  try {
    const index = await open(server.url)
    await index.inspect()
    assert.ok(index.fetched.requests <= 3 && index.fetched.bytes <= 256 << 10, JSON.stringify(index.fetched))
    assert.equal(index.fetched.requests, server.asked.length)
  } finally {
    server.close()
  }
})
