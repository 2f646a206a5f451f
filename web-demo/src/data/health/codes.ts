// How codes are used: by sub-quantizer, or of a scalar quantizer by dimension.
import type { CodesDetail, ScalarDetail } from "faissil";
import { count, float, plural, share } from "../format";
import { linear, slots } from "./axes";
import type { Look, Measures, Panel } from "./panel";

const PIECES: Readonly<Record<CodesDetail["kind"], string>> = { product: "sub-quantizer", additive: "codebook", bits: "bit" };

export function codePanels(detail: CodesDetail | ScalarDetail, measures: Measures): Panel[] {
  return "qtype" in detail ? [scalarPanel(detail, measures)] : [usePanel(detail, measures)];
}

function usePanel(detail: CodesDetail, measures: Measures): Panel {
  const piece = PIECES[detail.kind];
  const { subs } = detail;
  const x = slots(subs.length, (at) => count(subs[at]?.sub ?? at));
  const codes = (bits: number): number => 2 ** bits;
  const says = (each: CodesDetail["subs"][number]): string =>
    `${piece} ${count(each.sub)}: perplexity ${float(each.perplexity)} of ${count(codes(each.bits))} codes; ${count(each.used)} used, ${float(each.expected)} expected; code ${count(each.top_code)} in ${share(each.top_share, 1)} of rows`;
  const look = (name: string, title: string, value: (each: CodesDetail["subs"][number]) => number): Look => {
    const y = linear(Math.max(1, ...subs.map((each) => codes(each.bits))));
    return {
      name,
      chart: {
        kind: "bars",
        x: { title: piece, ticks: x.ticks },
        y: { title, ticks: y.ticks },
        expected: "expected, if all codes were equally likely",
        marks: subs.map((each, at) => ({ x: x.place(at), y: y.place(value(each)), expected: y.place(each.expected), says: says(each) })),
      },
      table: {
        head: [piece, "bits", "perplexity", "codes used", "expected", "most frequent code", "rows that have it"],
        rows: subs.map((each) => [
          count(each.sub),
          count(each.bits),
          float(each.perplexity),
          count(each.used),
          float(each.expected),
          count(each.top_code),
          share(each.top_share, 1),
        ]),
      },
    };
  };
  return {
    title: `Codes by ${piece}`,
    what: `${plural(subs.length, piece)} in ${plural(detail.code_size, "byte")} a row. Perplexity is the number of codes that would be as hard to guess, were they equally likely.`,
    looks: [look("perplexity", "perplexity", (each) => each.perplexity), look("codes used", "codes used", (each) => each.used)],
    measures: measures.take("code-use", "unused-codes"),
  };
}

const CLASSES = ["none", "up to 0.1\u202f%", "up to 1\u202f%", "up to 10\u202f%", "more"];

function scalarPanel(detail: ScalarDetail, measures: Measures): Panel {
  const look = (name: string, what: string, histogram: readonly number[]): Look => {
    const x = slots(histogram.length, (at) => CLASSES[at] ?? "");
    const y = linear(Math.max(1, ...histogram));
    return {
      name,
      chart: {
        kind: "bars",
        x: { title: `share of rows with the ${what} code`, ticks: x.ticks },
        y: { title: "dimensions", ticks: y.ticks },
        marks: histogram.map((number, at) => ({ x: x.place(at), y: y.place(number), says: `the ${what} code in ${CLASSES[at] ?? ""} of rows: ${plural(number, "dimension")}` })),
      },
      table: { head: [`share of rows with the ${what} code`, "dimensions"], rows: histogram.map((number, at) => [CLASSES[at] ?? "", count(number)]) },
    };
  };
  return {
    title: "Codes at the ends of the range",
    what: `${detail.qtype}: ${plural(detail.bits, "bit")} for each of ${plural(detail.d, "dimension")}. Of all codes ${share(detail.high, 1)} are the greatest and ${share(detail.low, 1)} the least; ${plural(detail.constant, "dimension")} ${detail.constant === 1 ? "has" : "have"} one code only.`,
    looks: [
      look("at the upper end", "greatest", detail.high_histogram),
      look("at the lower end", "least", detail.low_histogram),
      {
        name: "worst dimensions",
        table: {
          head: ["dimension", "greatest code", "least code"],
          rows: detail.worst.map(({ dimension, low, high }) => [count(dimension), share(high, 1), share(low, 1)]),
        },
      },
    ],
    measures: measures.take("clipped", "constant-dimensions"),
  };
}
