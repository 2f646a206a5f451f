import { instance, type File as ModuleFile, type Task, type Verifier as ModuleVerifier } from './generated/faissil.js'
import { fault } from './error.js'
import { said } from './source.js'

export type { ModuleFile, ModuleVerifier, Task }

/** Where a module comes from, when it is not beside this file: its address, its bytes, or compiled already. */
export type ModuleSource = URL | string | Uint8Array | WebAssembly.Module

/** A function that uses one instruction of 128 bits: what has no SIMD refuses it. */
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11])

/** A module, once it is started. */
export type Module = ReturnType<typeof instance>

/** A module that is started when it is first needed, and once. */
class Starting {
  private started: Promise<Module> | undefined

  constructor(private readonly usual: () => URL) {}

  start(from?: ModuleSource): Promise<Module> {
    this.started ??= begin(from ?? this.usual()).catch((error: unknown) => {
      this.started = undefined
      throw error
    })
    return this.started
  }
}

/** The modules there are. */
export const modules = {
  /** What every page needs: `inspect`, `verify` and `ids`. */
  basics: new Starting(() => new URL('./faissil.wasm', import.meta.url)),
  /** What takes things out of a file: `find`, `vectors`, `attachment`, `dump`, `parts` and `bytes`. */
  contents: new Starting(() => new URL('./contents.wasm', import.meta.url)),
  /** How an index is doing: `health` and `map`. */
  health: new Starting(() => new URL('./health.wasm', import.meta.url)),
  /** As `basics`, with all codecs. */
  packed: new Starting(() => new URL('./packed.wasm', import.meta.url)),
}

async function begin(from: ModuleSource): Promise<Module> {
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(SIMD)) {
    throw fault('no simd', 'this browser has no WebAssembly SIMD, which Faissil is built with: use Chrome or Edge 91, Firefox 89, Safari 16.4 or newer')
  }
  try {
    const module = instance()
    const place = await onDisk(from)
    if (place instanceof URL || typeof place === 'string') await module.init({ module_or_path: place })
    else module.initSync({ module: place as BufferSource })
    return module
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
