import init, { File as ModuleFile, initSync, type Task, type Verifier as ModuleVerifier } from './generated/faissil.js'
import { fault } from './error.js'
import { said } from './source.js'

export { ModuleFile, type ModuleVerifier, type Task }

/** Where the module comes from, when it is not beside this file: its address, its bytes, or compiled already. */
export type ModuleSource = URL | string | Uint8Array | WebAssembly.Module

/** A function that uses one instruction of 128 bits: what has no SIMD refuses it. */
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11])

let started: Promise<void> | undefined

/** Start the module, once. */
export function start(from?: ModuleSource): Promise<void> {
  started ??= begin(from).catch((error: unknown) => {
    started = undefined
    throw error
  })
  return started
}

async function begin(from?: ModuleSource): Promise<void> {
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(SIMD)) {
    throw fault('no simd', 'this browser has no WebAssembly SIMD, which Faissil is built with: use Chrome or Edge 91, Firefox 89, Safari 16.4 or newer')
  }
  try {
    const place = await onDisk(from ?? new URL('./faissil.wasm', import.meta.url))
    if (place instanceof URL || typeof place === 'string') await init({ module_or_path: place })
    else initSync({ module: place as BufferSource })
  } catch (error) {
    throw fault('no module', `Faissil's WebAssembly module cannot be started: ${said(error)}`, error)
  }
}

/** Node's `fetch` has no files. */
async function onDisk(place: ModuleSource): Promise<ModuleSource> {
  if (!(place instanceof URL) || place.protocol !== 'file:') return place
  const name = 'node:fs/promises'
  const fs = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as typeof import('node:fs/promises')
  return new Uint8Array(await fs.readFile(place))
}
