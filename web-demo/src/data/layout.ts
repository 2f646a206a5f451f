// What the layout strip lists: the parts that matter, and the rest in one line.
import type { Region } from "./tree";

/** A line of the list: one region, or several that are too small to be listed. */
export interface Listed {
  regions: readonly number[];
  label: string;
  bytes: number;
}

/** Below this share of the file a part is not listed by itself, if there are many. */
const SMALL = 0.001;
const MANY = 9;

/** Lists regions in the order of the file; fields, and parts of less than a thousandth where there are many, come last, together. */
export function listed(regions: readonly Region[]): Listed[] {
  const total = regions.reduce((sum, each) => sum + each.bytes, 0);
  const isListed = (each: Region): boolean => each.role !== "fields" && (regions.length <= MANY || each.bytes >= total * SMALL);
  const lines: Listed[] = [];
  const groups = { fields: [] as number[], small: [] as number[] };
  regions.forEach((region, at) => {
    if (isListed(region)) lines.push({ regions: [at], label: region.label, bytes: region.bytes });
    else groups[region.role === "fields" ? "fields" : "small"].push(at);
  });
  const together = (of: readonly number[], label: string): void => {
    if (of.length > 0) lines.push({ regions: of, label, bytes: of.reduce((sum, at) => sum + (regions[at]?.bytes ?? 0), 0) });
  };
  together(groups.small, `${groups.small.length} smaller parts`);
  together(groups.fields, "headers, counts and fields");
  return lines;
}
