// What a part of a health report looks like on the page: a few panels, each with a picture, the same as a table, and the
// measures that are read from it. Everything here is data; `views/health` draws it.
import type { Coverage, HealthState, Measure } from "faissil";
import { count, plural } from "../format";

/** A place on an axis, from 0 at its beginning to 1 at its end. */
export interface Tick {
  at: number;
  text: string;
}

export interface Axis {
  title: string;
  ticks: readonly Tick[];
}

/** One bar, or one point of a curve. */
export interface Mark {
  /** Along the axis, from 0 to 1: the middle of a bar. */
  x: number;
  /** Up, from 0 to 1. */
  y: number;
  /** What would be expected here, from 0 to 1. */
  expected?: number | undefined;
  /** Whether it is the one that the index uses. */
  isChosen?: boolean;
  /** It in words, with its numbers. */
  says: string;
}

export interface Chart {
  kind: "bars" | "curve";
  x: Axis;
  y: Axis;
  marks: readonly Mark[];
  /** What the line across a bar is; given where marks have an expectation. */
  expected?: string;
}

export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** One way to look at a panel; most have one. */
export interface Look {
  name: string;
  chart?: Chart | undefined;
  table: Table;
}

export interface Panel {
  title: string;
  /** What the picture shows. */
  what: string;
  looks: readonly Look[];
  measures: readonly Measure[];
  /** Rows that stand out, each with the reason. */
  rows?: readonly { row: number; why: string }[];
}

/** Takes measures out of a list by their names; what no panel takes is left over. */
export class Measures {
  private readonly left: Measure[];

  constructor(measures: readonly Measure[]) {
    this.left = [...measures];
  }

  take(...codes: readonly string[]): readonly Measure[] {
    const taken = this.left.filter(({ code }) => codes.includes(code));
    for (const each of taken) this.left.splice(this.left.indexOf(each), 1);
    return taken;
  }

  rest(): readonly Measure[] {
    return this.left.splice(0);
  }
}

const ORDER: readonly HealthState[] = ["figure", "good", "unknown", "warning", "damage"];

/** The worst of some states. */
export const worst = (states: readonly HealthState[]): HealthState =>
  states.reduce((bad, each) => (ORDER.indexOf(each) > ORDER.indexOf(bad) ? each : bad), "figure");

/** `complete: 32 lists`, `sampled: 4 096 of 1 000 000 rows`. */
export function tagOf({ tag, unit, looked_at, of }: Coverage): string {
  if (tag === "none") return "not looked at";
  return tag === "complete" ? `complete: ${plural(of, unit.slice(0, -1))}` : `sampled: ${count(looked_at)} of ${count(of)} ${unit}`;
}

/** How a sample was drawn, so that it can be drawn again; empty without one. */
export const drawnBy = ({ sample }: Coverage): string =>
  sample ? `${plural(sample.runs, "run")} of up to ${plural(sample.run_rows, "row")}, seed ${count(sample.seed)}` : "";
