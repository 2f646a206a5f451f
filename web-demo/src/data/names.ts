// A table of ids and texts, as people attach it: a list of objects, an object, lines of JSON, CSV or TSV.

/** Fields that are taken for the text, the first that is there. */
const TEXTS = ["name", "title", "text", "label", "document", "content", "summary", "url"];

/** Reads a table; undefined when it is none. */
export function namesIn(name: string, text: string): Map<bigint, string> | undefined {
  if (/\.[ct]sv$/i.test(name)) return fromLines(text, /\.tsv$/i.test(name) ? "\t" : ",");
  if (/\.(jsonl|ndjson)$/i.test(name)) return fromRows(text.split("\n").filter((line) => line.trim() !== "").map(parse));
  if (!/\.json$/i.test(name)) return undefined;
  const value = parse(text);
  if (Array.isArray(value)) return fromRows(value);
  if (typeof value !== "object" || value === null) return undefined;
  return found(Object.entries(value).map(([id, each]) => [id, typeof each === "string" ? each : textOf(each)]));
}

/** JSON in which ids of more digits than a double holds stay exact, as strings. */
function parse(text: string): unknown {
  return JSON.parse(text.replace(/("id"\s*:\s*)(-?\d{16,})/g, '$1"$2"')) as unknown;
}

function fromRows(rows: readonly unknown[]): Map<bigint, string> | undefined {
  return found(rows.map((row) => (isRecord(row) ? [String(row.id), textOf(row)] : ["", undefined])));
}

function fromLines(text: string, mark: string): Map<bigint, string> | undefined {
  const lines = cells(text, mark);
  const head = (lines[0] ?? []).map((each) => each.toLowerCase());
  const id = Math.max(0, head.indexOf("id"));
  const named = TEXTS.map((each) => head.indexOf(each)).find((at) => at >= 0);
  const column = named ?? (id === 0 ? 1 : 0);
  return found(lines.map((line) => [line[id] ?? "", line[column]]));
}

/** Lines of cells. One in quotes may hold the mark, line breaks, and quotes, which are doubled. */
function cells(text: string, mark: string): string[][] {
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${mark}\\r\\n]*))(${mark}|\\r?\\n|\\r|$)`, "gy");
  const lines: string[][] = [];
  let line: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(cell)) {
    line.push(quoted?.replace(/""/g, '"') ?? plain ?? "");
    if (end === mark) continue;
    if (line.length > 1 || line[0] !== "") lines.push(line);
    line = [];
    if (end === "") break;
  }
  return lines;
}

function textOf(row: unknown): string | undefined {
  if (!isRecord(row)) return undefined;
  const texts = TEXTS.filter((field) => typeof row[field] === "string").map((field) => String(row[field]));
  return texts.length > 1 ? `${texts[0] ?? ""}: ${texts[1] ?? ""}` : texts[0];
}

/** The pairs that are an id and a text; undefined when hardly any are. */
function found(pairs: readonly (readonly [string, string | undefined])[]): Map<bigint, string> | undefined {
  const names = new Map<bigint, string>();
  for (const [id, text] of pairs) if (/^-?\d+$/.test(id) && text !== undefined) names.set(BigInt(id), text);
  return names.size > 0 && names.size * 2 >= pairs.length ? names : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
