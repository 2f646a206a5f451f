import { begin, run, runOnce, type Ground, type TaskOptions } from './drive.js'
import { fault } from './error.js'
import type { Health, HealthPlan, HealthSection, VectorMap } from './health-types.js'
import { parse } from './json.js'

/** How a sample is drawn; without any of it everything is looked at that is not too large. */
export interface SampleOptions extends TaskOptions {
  /** A sample of so many rows. */
  rows?: number
  /** Runs of neighbouring rows that it is made of; 256. */
  runs?: number
  /** Where the random numbers start; 1. The same seed draws the same sample. */
  seed?: number
}

/** How much `IndexFile.healthPlan` and {@link IndexFile.health} look at. */
export interface HealthPlanOptions extends SampleOptions {
  /** Every vector and every code, instead of a sample. */
  all?: boolean
}

/** How `IndexFile.health` is done. */
export interface HealthOptions extends HealthPlanOptions {
  /** Told how much is done, from 0 to 1. */
  onProgress?: (share: number) => void
  /** Given each part as soon as it has been looked at; the report has all of them. */
  onSection?: (section: HealthSection) => void
}

/** How `IndexFile.map` is done. */
export interface MapOptions extends SampleOptions {
  /** Told how much is done, from 0 to 1. */
  onProgress?: (share: number) => void
}

const sample = ({ rows, runs, seed, all }: HealthPlanOptions): object => ({ sample: rows, runs, seed, all })

export async function plan(ground: Ground, options: HealthPlanOptions): Promise<HealthPlan> {
  return parse((await runOnce(ground, begin(ground, 'health.plan', sample(options)), options.signal)).json) as HealthPlan
}

export async function examine(ground: Ground, options: HealthOptions): Promise<Health> {
  const task = begin(ground, 'health', sample(options))
  for await (const { json } of run(ground, task, options.signal, options.onProgress)) {
    const found = parse(json) as Health | HealthSection
    if ('sections' in found) return { ...found, sections: found.sections.map(exact) }
    options.onSection?.(exact(found))
  }
  throw fault('internal', 'the task `health` ended without its result')
}

export async function map(ground: Ground, options: MapOptions): Promise<VectorMap> {
  const task = begin(ground, 'map', sample(options))
  for await (const { json } of run(ground, task, options.signal, options.onProgress)) {
    if (json !== '') return parse(json) as VectorMap
  }
  throw fault('internal', 'the task `map` ended without its result')
}

/** Ids are bigints, whatever their size. */
function exact(section: HealthSection): HealthSection {
  if (section.part === 'ids' && section.detail) {
    const { min, max } = section.detail
    section.detail.min = min === null ? null : BigInt(min)
    section.detail.max = max === null ? null : BigInt(max)
  }
  return section
}
