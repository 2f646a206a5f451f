/** Whether all words that were typed begin a word of the text, or stand in it. */
export function matches(text: string, typed: string): boolean {
  const lower = text.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((part) => lower.includes(part));
}
