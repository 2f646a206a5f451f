// Which part of the map is in sight, and how it is moved and magnified.

/** Pixels of the picture. */
export interface Size {
  width: number;
  height: number;
}

/** What of the plane is seen: the point in the middle, and how many pixels a unit takes. */
export interface Sight {
  x: number;
  y: number;
  scale: number;
}

export interface Points {
  x: readonly number[];
  y: readonly number[];
}

/** Magnified no further than this, seen from the sight of everything. */
const MOST = 4000;

/** All points, with an edge around them. */
export function sightOfAll({ x, y }: Points, { width, height }: Size): Sight {
  const [left, right] = ends(x);
  const [low, high] = ends(y);
  const scale = Math.min(width / (right - left || 1), height / (high - low || 1)) * 0.92;
  return { x: (left + right) / 2, y: (low + high) / 2, scale: scale > 0 ? scale : 1 };
}

function ends(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
}

/** The pixel of a place; up is up. */
export function pixelOf(sight: Sight, size: Size, x: number, y: number): readonly [number, number] {
  return [size.width / 2 + (x - sight.x) * sight.scale, size.height / 2 - (y - sight.y) * sight.scale];
}

/** The place of a pixel. */
export function placeOf(sight: Sight, size: Size, left: number, top: number): readonly [number, number] {
  return [sight.x + (left - size.width / 2) / sight.scale, sight.y - (top - size.height / 2) / sight.scale];
}

/** Moved by pixels, as a hand moves paper. */
export function moved(sight: Sight, right: number, down: number): Sight {
  return { ...sight, x: sight.x - right / sight.scale, y: sight.y + down / sight.scale };
}

/** Magnified, so that the place under a pixel stays there. */
export function magnified(sight: Sight, size: Size, factor: number, all: Sight, at: readonly [number, number] = [size.width / 2, size.height / 2]): Sight {
  const scale = Math.max(all.scale / 4, Math.min(all.scale * MOST, sight.scale * factor));
  const [x, y] = placeOf(sight, size, at[0], at[1]);
  return { x: x - (at[0] - size.width / 2) / scale, y: y + (at[1] - size.height / 2) / scale, scale };
}
