// Where things are, and the command that the package is held against.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A file of the repository. */
export const bytesOf = (path) => new Uint8Array(readFileSync(root + path))

const command = process.env.FAISSIL ?? `${root}target/debug/faissil`

/** What the native command prints; it may end with 1 or 2, which says something about the file. */
export function faissil(...args) {
  try {
    return execFileSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    if (typeof error.status === 'number' && error.status <= 2) return error.stdout
    throw new Error(`cannot run ${command} (set FAISSIL to where it is): ${error.message}`)
  }
}
