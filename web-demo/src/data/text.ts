// The beginning of an attachment as text that can be shown.
import { stringify } from "./stringify";

/** Characters that are shown at most. */
const MOST = 60_000;
/** JSON up to this length is laid out again with line breaks. */
const LAID_OUT = 2_000_000;

/** Text of these bytes; null when they are none. */
export function textOf(name: string, bytes: Uint8Array): { text: string; isCut: boolean } | null {
  const isWhole = bytes.length <= LAID_OUT;
  let text: string;
  try {
    // A character that is cut in half at the end is no reason to call the rest no text.
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, LAID_OUT), { stream: !isWhole });
  } catch {
    return null;
  }
  if (text.includes("\0")) return null;
  if (isWhole && /\.json$/i.test(name)) text = laidOut(text);
  return { text: text.slice(0, MOST), isCut: !isWhole || text.length > MOST };
}

/** JSON with line breaks; what is no JSON, or is laid out by someone already, as it is. */
function laidOut(text: string): string {
  if (text.split("\n", 4).length > 3) return text;
  try {
    return stringify(JSON.parse(text), 2);
  } catch {
    return text;
  }
}
