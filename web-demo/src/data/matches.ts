/** Whether all words that were typed stand in the text. */
export function matches(text: string, typed: string): boolean {
  const lower = text.toLowerCase();
  return words(typed).every((word) => lower.includes(word));
}

/** Things whose text has all these words; those that have them at the beginning of a word come first. */
export function ranked<T>(things: readonly T[], text: (thing: T) => string, typed: string): T[] {
  const begins = (thing: T): boolean => words(typed).every((word) => ` ${text(thing).toLowerCase()}`.includes(` ${word}`));
  const found = things.filter((thing) => matches(text(thing), typed));
  return [...found.filter(begins), ...found.filter((thing) => !begins(thing))];
}

const words = (typed: string): string[] => typed.toLowerCase().split(/\s+/).filter(Boolean);
