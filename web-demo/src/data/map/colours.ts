// Colours of points. They help the eye; the number behind each is said in words beside it.

export const COLOURS = ["list", "norm", "none"] as const;
/** What points are coloured by. */
export type ColouredBy = (typeof COLOURS)[number];

type Rgb = readonly [number, number, number];

/** From the least norm to the greatest, on light and on dark paper. */
const RAMPS: Readonly<Record<"light" | "dark", readonly Rgb[]>> = {
  light: [
    [214, 143, 32],
    [63, 138, 120],
    [36, 58, 128],
  ],
  dark: [
    [92, 112, 196],
    [72, 178, 158],
    [248, 214, 110],
  ],
};
const PLAIN: Readonly<Record<"light" | "dark", Rgb>> = { light: [74, 110, 155], dark: [124, 162, 208] };

/** Red, green and blue of a point in this theme. */
export function colours(by: ColouredBy, list: readonly number[] | null, norm: readonly number[], theme: "light" | "dark"): (point: number) => Rgb {
  if (by === "list" && list) return (point) => ofList(list[point] ?? 0, theme);
  if (by === "norm") {
    const { least, most, areEqual } = spread(norm);
    return (point) => ramp(areEqual ? 0.5 : ((norm[point] ?? least) - least) / (most - least), theme);
  }
  return () => PLAIN[theme];
}

/** The least and the greatest norm; normalised vectors have one norm, whatever their last digits say. */
export function spread(norm: readonly number[]): { least: number; most: number; areEqual: boolean } {
  const least = norm.reduce((low, value) => Math.min(low, value), Infinity);
  const most = norm.reduce((high, value) => Math.max(high, value), -Infinity);
  return { least, most, areEqual: most - least <= 1e-4 * most };
}

/** Along the ramp, from 0 to 1. */
export function ramp(share: number, theme: "light" | "dark"): Rgb {
  const stops = RAMPS[theme];
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(at)], stops[Math.ceil(at)]];
  if (!from || !to) return PLAIN[theme];
  const between = (one: number, other: number): number => Math.round(one + (other - one) * (at % 1));
  return [between(from[0], to[0]), between(from[1], to[1]), between(from[2], to[2])];
}

/** A hue of its own for each list, as far from those of its neighbours as there is room; they come back for many lists. */
export function ofList(list: number, theme: "light" | "dark"): Rgb {
  const hue = (list * 137.508) % 360;
  return hsl(hue, theme === "light" ? 0.58 : 0.62, theme === "light" ? 0.42 : 0.66);
}

function hsl(hue: number, saturation: number, lightness: number): Rgb {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const at = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(at - 3, 9 - at, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

export const css = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;
