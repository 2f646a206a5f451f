// Which points are meant: by a loop around them, by a place near one of them, or by what is in sight.
import { placeOf, type Points, type Sight, type Size } from "./view";

/** A loop on the plane; its end is joined to its beginning. */
export type Loop = readonly (readonly [number, number])[];

/** Whether a place is inside a loop; of loops that cross themselves, by the even-odd rule. */
export function isInside(loop: Loop, x: number, y: number): boolean {
  let inside = false;
  loop.forEach(([x1, y1], at) => {
    const [x2, y2] = loop[(at + 1) % loop.length] ?? [x1, y1];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  });
  return inside;
}

/** The points inside a loop, in their order. */
export function inLoop({ x, y }: Points, loop: Loop): number[] {
  return loop.length < 3 ? [] : x.flatMap((each, at) => (isInside(loop, each, y[at] ?? 0) ? [at] : []));
}

/** The points in sight. */
export function inSight(points: Points, sight: Sight, size: Size): number[] {
  const [left, top] = placeOf(sight, size, 0, 0);
  const [right, bottom] = placeOf(sight, size, size.width, size.height);
  return points.x.flatMap((x, at) => {
    const y = points.y[at] ?? 0;
    return x >= left && x <= right && y >= bottom && y <= top ? [at] : [];
  });
}

/** The point next to a place, no further than `reach`. */
export function nearest({ x, y }: Points, place: readonly [number, number], reach: number): number | undefined {
  let [found, best] = [-1, reach * reach];
  for (let at = 0; at < x.length; at += 1) {
    const away = ((x[at] ?? 0) - place[0]) ** 2 + ((y[at] ?? 0) - place[1]) ** 2;
    if (away <= best) [found, best] = [at, away];
  }
  return found < 0 ? undefined : found;
}
