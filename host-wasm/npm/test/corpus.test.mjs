// The shipped package over every file there is, held against the native command.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { open } from '../dist/index.js'
import { parse } from '../dist/json.js'
import { faissil, root } from './paths.mjs'

const files = []
let hostile

before(() => {
  const walk = (folder, ends) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path, ends)
      else if (entry.name.endsWith(ends)) files.push(path)
    }
  }
  walk(`${root}fixtures/faiss`, '.faiss')
  walk(`${root}fixtures/bad`, '.bin')
  walk(`${root}samples`, '.faiss')
  const goldens = files.length
  walk(`${root}fixtures/snapshot`, '.faissil')
  hostile = mkdtempSync(join(tmpdir(), 'faissil-'))
  for (const golden of files.slice(goldens)) {
    const bytes = readFileSync(golden)
    for (let n = 0; n < 16; n++) {
      const changed = Buffer.from(bytes)
      changed[Math.floor((bytes.length * n) / 16)] ^= 1
      const put = (name, bytes) => {
        const path = join(hostile, `${golden.split('/').pop()}-${name}-${n}`)
        writeFileSync(path, bytes)
        files.push(path)
      }
      put('changed', changed)
      put('cut', bytes.subarray(0, bytes.length - n * n * 9 - 1))
    }
  }
})

after(() => rmSync(hostile, { recursive: true }))

/** What the package says, in the shape of the command's line. */
async function said(path, ask) {
  const side = path.replace(/\.faiss$/, '.ivfdata')
  const has = side !== path && readdirSync(join(path, '..')).includes(side.split('/').pop())
  try {
    const index = await open(path, has ? { side } : {})
    try {
      return await ask(index)
    } finally {
      index.close()
    }
  } catch (error) {
    if (error.name !== 'FaissilError') throw error
    return { file: path, error: `cannot read \`${path}\`: ${error.message}` }
  }
}

/** Bigints and numbers of the same value are the same here. */
const plain = (value) => JSON.parse(JSON.stringify(value, (_, value) => (typeof value === 'bigint' ? String(value) : typeof value === 'number' && Number.isInteger(value) ? String(value) : value)))

async function compare(command, ask) {
  const lines = faissil(command, '--json', ...files).trimEnd().split('\n')
  assert.equal(lines.length, files.length)
  assert.ok(files.length > 300, `${files.length} files`)
  for (const [number, path] of files.entries()) {
    assert.deepEqual(plain(await said(path, ask)), plain(parse(lines[number])), path)
  }
}

test('inspect says what the command says', () => compare('inspect', (index) => index.inspect()))
test('verify says what the command says', () => compare('verify', (index) => index.verify()))
test('health says what the command says', () => compare('health', (index) => index.health()))
