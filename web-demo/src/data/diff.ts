import type { IdDiff } from "../worker/protocol";

/** Ids that are named. */
const NAMED = 200;

/** Compares two sets of ids; sorts the arrays it is given. An id that stands in several rows counts once. */
export function diff(first: BigInt64Array, second: BigInt64Array): IdDiff {
  first.sort();
  second.sort();
  const found: IdDiff = { common: 0, onlyFirst: { count: 0, ids: [] }, onlySecond: { count: 0, ids: [] } };
  const note = (side: { count: number; ids: readonly bigint[] }, id: bigint): void => {
    side.count += 1;
    if (side.count <= NAMED) (side.ids as bigint[]).push(id);
  };
  let [a, b] = [0, 0];
  while (a < first.length || b < second.length) {
    const [left, right] = [first[a], second[b]];
    if (left !== undefined && left === right) found.common += 1;
    else if (right === undefined || (left !== undefined && left < right)) note(found.onlyFirst, left ?? 0n);
    else note(found.onlySecond, right);
    const next = right === undefined || (left !== undefined && left <= right) ? left : right;
    while (a < first.length && first[a] === next) a += 1;
    while (b < second.length && second[b] === next) b += 1;
  }
  return found;
}
