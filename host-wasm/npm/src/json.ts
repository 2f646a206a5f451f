/** A string or a number. */
const WORD = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** An integer that may not fit a double. */
const LONG = /^-?\d{16,}$/

/**
 * What `JSON.parse` gives, but integers that a double cannot hold are bigints.
 */
export function parse(text: string): unknown {
  let mark = 'n'
  while (text.includes(`"${mark}`)) mark += 'n'
  let found = false
  const marked = text.replace(WORD, (word) => {
    if (!LONG.test(word) || Number.isSafeInteger(Number(word))) return word
    found = true
    return `"${mark}${word}"`
  })
  if (!found) return JSON.parse(text)
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  )
}
