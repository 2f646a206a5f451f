// How much of an index is looked at, in the words of the command's options.

/** What is left out is as the command has it by default. */
export interface SampleOf {
  rows?: number;
  runs?: number;
  seed?: number;
  /** Everything, instead of a sample. */
  all?: boolean;
}

/** The options of the command: `["--rows", "300", "--seed", "2"]`. */
export function words({ rows, runs, seed, all }: SampleOf): readonly string[] {
  return [
    ...(all === true ? ["--all"] : rows === undefined ? [] : ["--rows", String(rows)]),
    ...(runs === undefined ? [] : ["--runs", String(runs)]),
    ...(seed === undefined ? [] : ["--seed", String(seed)]),
  ];
}

/** The same as an object of JavaScript; empty where there is nothing to say. */
export function literal({ rows, runs, seed, all }: SampleOf): string {
  const fields = Object.entries({ rows, runs, seed, ...(all === true ? { all } : {}) }).filter(([, value]) => value !== undefined);
  return fields.length === 0 ? "" : `{ ${fields.map(([name, value]) => `${name}: ${String(value)}`).join(", ")} }`;
}

/** The same in Rust. */
export function rust({ rows, runs, seed, all }: SampleOf): string {
  const option = (value: number | undefined): string => (value === undefined ? "None" : `Some(${value})`);
  return `Options::asked(${option(rows)}, ${option(runs)}, ${option(seed)}, ${all === true ? "true" : "false"})`;
}

/** What someone typed: whole numbers above 0 are taken, whatever else is not. */
export function typedNumber(text: string): number | undefined {
  const value = Number(text.replace(/[\s\u202f]/g, ""));
  return text.trim() !== "" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
