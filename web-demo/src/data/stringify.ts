/** JSON of a report, with integers exact: bigints are written as their digits. */
export function stringify(value: unknown, indent = 0): string {
  const mark = "\u0000";
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${mark}${each.toString()}${mark}` : each), indent);
  return text.replace(/"\\u0000(-?\d+)\\u0000"/g, "$1");
}
