import type * as health from './generated/faissil-health.js'
import * as files from './generated/faissil.js'
import { fault } from './error.js'
import { said } from './source.js'

export { File as ModuleFile, type Verifier as ModuleVerifier } from './generated/faissil.js'

/** A task of either module. */
export type Task = Omit<files.Task, 'verifier'> & Partial<Pick<files.Task, 'verifier'>>

/** A file of either. */
export interface StartsTasks {
  start(op: string, params: string): Task
  free(): void
}

/** Where the module comes from, when it is not beside this file: its address, its bytes, or compiled already. */
export type ModuleSource = URL | string | Uint8Array | WebAssembly.Module

/** A function that uses one instruction of 128 bits: what has no SIMD refuses it. */
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11])

const started: { files: Promise<void> | undefined; health: Promise<typeof health> | undefined } = { files: undefined, health: undefined }

/** Start the module that all need, once. */
export function start(from?: ModuleSource): Promise<void> {
  started.files ??= begin(files, from ?? new URL('./faissil.wasm', import.meta.url)).catch((error: unknown) => {
    started.files = undefined
    throw error
  })
  return started.files
}

/** Fetch and start the module that says how an index is doing, once. */
export function startHealth(from?: ModuleSource): Promise<typeof health> {
  started.health ??= beginHealth(from).catch((error: unknown) => {
    started.health = undefined
    throw error
  })
  return started.health
}

async function beginHealth(from?: ModuleSource): Promise<typeof health> {
  const module = await import('./generated/faissil-health.js').catch((error: unknown) => {
    throw fault('no module', `Faissil's code for health cannot be fetched: ${said(error)}`, error)
  })
  await begin(module, from ?? new URL('./faissil-health.wasm', import.meta.url))
  return module
}

async function begin(module: typeof files | typeof health, from: ModuleSource): Promise<void> {
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(SIMD)) {
    throw fault('no simd', 'this browser has no WebAssembly SIMD, which Faissil is built with: use Chrome or Edge 91, Firefox 89, Safari 16.4 or newer')
  }
  try {
    const place = await onDisk(from)
    if (place instanceof URL || typeof place === 'string') await module.default({ module_or_path: place })
    else module.initSync({ module: place as BufferSource })
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
