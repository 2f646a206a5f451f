// Every file that the package is tried on: all fixtures and samples, and each snapshot changed and cut in many places.

import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The paths of all of them; `folder` holds those that are made here. */
export function corpus() {
  const files = []
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
  const folder = mkdtempSync(join(tmpdir(), 'faissil-'))
  for (const golden of files.slice(goldens)) {
    const bytes = readFileSync(golden)
    for (let n = 0; n < 16; n++) {
      const changed = Buffer.from(bytes)
      changed[Math.floor((bytes.length * n) / 16)] ^= 1
      const put = (name, bytes) => {
        const path = join(folder, `${basename(golden)}-${name}-${n}`)
        writeFileSync(path, bytes)
        files.push(path)
      }
      put('changed', changed)
      put('cut', bytes.subarray(0, bytes.length - n * n * 9 - 1))
    }
  }
  if (files.length <= 300) throw new Error(`only ${files.length} files`)
  return { folder, files }
}

/** The file with the lists of an on-disk IVF, where one lies beside it. */
export function sideOf(path) {
  const side = path.replace(/\.faiss$/, '.ivfdata')
  return side !== path && readdirSync(dirname(path)).includes(basename(side)) ? side : undefined
}

/** Bigints and numbers of the same value are the same here. */
export const plain = (value) =>
  JSON.parse(JSON.stringify(value, (_, value) => (typeof value === 'bigint' ? String(value) : typeof value === 'number' && Number.isInteger(value) ? String(value) : value)))
