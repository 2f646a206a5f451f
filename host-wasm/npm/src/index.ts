/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Open, verify and understand FAISS indexes and Faissil snapshots, without FAISS and without reading more than is needed.
 *
 * Start at {@link open}.
 *
 * @packageDocumentation
 */
export { FaissilError, type HostFault } from './error.js'
export type { TaskOptions } from './drive.js'
export { IndexFile, open, type OpenOptions, type VerifyOptions } from './file.js'
export type { HealthOptions, HealthPlanOptions, MapOptions, SampleOptions } from './health.js'
export type * from './health-types.js'
export type { ModuleSource } from './module.js'
export type { Fetched } from './pages.js'
export type { Input, Source } from './source.js'
export type * from './types.js'
export { ChunkState, Verifier, type VerifyProgress } from './verifier.js'
