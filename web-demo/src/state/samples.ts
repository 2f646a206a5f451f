// The files that come with the page.
import lengths from "virtual:sample-lengths";

export interface Sample {
  name: string;
  title: string;
  file: string;
  what: string;
}

export const SAMPLES: readonly Sample[] = [
  {
    name: "ivf",
    title: "IVF, healthy",
    file: "packages-ivf.faissil",
    what: "2 000 package descriptions in 32 inverted lists, with their names attached.",
  },
  {
    name: "hnsw",
    title: "HNSW, healthy",
    file: "packages-hnsw.faissil",
    what: "The same descriptions in a graph, under ids of their own.",
  },
  {
    name: "damaged",
    title: "HNSW, damaged",
    file: "packages-damaged.faissil",
    what: "One byte of it went bad. FAISS loads it and answers wrongly.",
  },
];

/** The absolute address of a sample. */
export function sampleUrl(name: string): string {
  const sample = SAMPLES.find((each) => each.name === name);
  return new URL(`samples/${sample?.file ?? name}`, document.baseURI).href;
}

/** Its length in bytes. */
export const sampleLength = (sample: Sample): number => lengths[sample.file] ?? 0;
