// The shipped package over every file there is, held against the native command.

import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { open } from '../dist/index.js'
import { parse } from '../dist/json.js'
import { corpus, plain, sideOf } from './corpus.mjs'
import { faissil } from './paths.mjs'

const { folder, files } = corpus()
after(() => rmSync(folder, { recursive: true }))

/** What the package says, in the shape of the command's line. */
async function said(path, ask) {
  const side = sideOf(path)
  try {
    const index = await open(path, side ? { side } : {})
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

async function compare(command, ask) {
  const lines = faissil(command, '--json', ...files).trimEnd().split('\n')
  assert.equal(lines.length, files.length)
  for (const [number, path] of files.entries()) {
    assert.deepEqual(plain(await said(path, ask)), plain(parse(lines[number])), path)
  }
}

test('inspect says what the command says', () => compare('inspect', (index) => index.inspect()))
test('verify says what the command says', () => compare('verify', (index) => index.verify()))
test('health says what the command says', () => compare('health', (index) => index.health()))
