// Vectors and ids in numbers.
import type { IdsDetail, VectorsDetail } from "faissil";
import { count, float, plural } from "../format";
import { linear } from "./axes";
import type { Look, Measures, Panel } from "./panel";

const ODD = { nan: "NaN in it", infinite: "an infinite value in it", zero: "all zero" } as const;

/** The words for one vector. */
export const oneOf = (fidelity: VectorsDetail["fidelity"]): string => fidelity.replace(/s$/, "");

export function vectorPanels(detail: VectorsDetail, looked: number, measures: Measures): Panel[] {
  const { norm } = detail;
  return [
    {
      title: "Norms",
      what: norm
        ? `L2 norms of the ${detail.fidelity} whose values are all finite: ${float(norm.mean)} on average, from ${float(norm.min)} to ${float(norm.max)}.`
        : "No vector that was looked at has only finite values.",
      looks: [histogram(detail), quantiles(detail)],
      measures: measures.take("norm-spread"),
    },
    {
      title: "Odd vectors",
      what: `Of ${plural(looked, oneOf(detail.fidelity))} of ${plural(detail.d, "dimension")} that were looked at.`,
      looks: [
        {
          name: "by kind",
          table: {
            head: ["vectors", "number"],
            rows: [
              ["with a NaN", count(detail.nan)],
              ["with an infinite value, none NaN", count(detail.infinite)],
              ["all zero", count(detail.zero)],
              ["of norm 1, give or take 0.001", count(detail.unit)],
            ],
          },
        },
      ],
      measures: measures.take("not-finite", "zero-vectors"),
      rows: detail.odd_rows.map(({ row, what }) => ({ row, why: ODD[what] })),
    },
  ];
}

function histogram({ histogram: all }: VectorsDetail): Look {
  const [low, high] = [all[0]?.from ?? 0, all.at(-1)?.to ?? 0];
  const wide = high - low || 1;
  const y = linear(Math.max(1, ...all.map((each) => each.count)));
  const places = [0, 0.25, 0.5, 0.75, 1];
  return {
    name: "by norm",
    chart: {
      kind: "bars",
      x: { title: "L2 norm", ticks: high > low ? places.map((at) => ({ at, text: float(low + at * wide) })) : [{ at: 0.5, text: float(low) }] },
      y: { title: "vectors", ticks: y.ticks },
      marks: all.map(({ from, to, count: number }, at) => ({
        x: (at + 0.5) / all.length,
        y: y.place(number),
        says: `${from === to ? float(from) : `${float(from)} to ${float(to)}`}: ${plural(number, "vector")}`,
      })),
    },
    table: { head: ["norm", "vectors"], rows: all.map(({ from, to, count: number }) => [`${float(from)} to ${float(to)}`, count(number)]) },
  };
}

const quantiles = ({ norm }: VectorsDetail): Look => ({
  name: "quantiles",
  table: {
    head: ["share of vectors", "norm below which they lie"],
    rows: norm
      ? [...norm.quantiles.map(({ q, norm: value }) => [`${Number((q * 100).toFixed(1))}\u202f%`, float(value)]), ["mean", float(norm.mean)], ["standard deviation", float(norm.std)]]
      : [],
  },
});

export function idPanels(detail: IdsDetail, measures: Measures): Panel[] {
  const rows = [
    ["ids", count(detail.count)],
    ["rows whose id an earlier row has", detail.duplicates === null ? "not counted" : count(detail.duplicates)],
    ["least", detail.min === null ? "–" : detail.min.toString()],
    ["greatest", detail.max === null ? "–" : detail.max.toString()],
  ];
  return [
    {
      title: "Ids that repeat",
      what: "Whether more than one row has the same id.",
      looks: [{ name: "in numbers", table: { head: ["", "number"], rows } }],
      measures: measures.take("duplicate-ids"),
    },
  ];
}
