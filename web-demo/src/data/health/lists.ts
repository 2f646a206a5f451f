// How entries are spread over inverted lists.
import type { ListsDetail } from "faissil";
import { count, float, plural, share } from "../format";
import { factors, linear, powers, slots } from "./axes";
import type { Chart, Look, Measures, Panel } from "./panel";

export function listPanels(detail: ListsDetail, measures: Measures): Panel[] {
  const largest: Look = {
    name: "largest lists",
    table: { head: ["list", "entries"], rows: detail.largest.map(({ list, entries }) => [count(list), count(entries)]) },
  };
  return [
    {
      title: "List sizes",
      what: `${plural(detail.nlist, "inverted list")} hold ${plural(detail.entries, "entry", "entries")}, ${float(detail.mean_size)} each on average and ${count(detail.largest_size)} in the largest.`,
      looks: [{ name: "by size", ...sizes(detail) }, largest],
      measures: measures.take("imbalance", "empty-lists", "entries-per-list"),
    },
    {
      title: "Sizes by rank",
      what: "Lists in the order of their size, the largest first; both axes by powers of ten. Lists of one size make a flat line that ends in a cliff; the steeper it falls, the more searches pile up in few lists.",
      looks: [{ name: "by rank", ...ranks(detail) }],
      measures: [],
    },
    {
      title: "Entries visited for each nprobe",
      what:
        detail.nprobe === null
          ? "The share of all entries that a query visits, by how many lists it looks into."
          : `The share of all entries that a query visits, by how many lists it looks into. The index has nprobe ${count(detail.nprobe)} stored.`,
      looks: [{ name: "by nprobe", ...scanned(detail) }],
      measures: measures.take("scanned"),
    },
  ];
}

function sizes({ histogram }: ListsDetail): Pick<Look, "chart" | "table"> {
  const x = slots(histogram.length, (at) => count(histogram[at]?.from ?? 0), 10);
  const y = linear(Math.max(1, ...histogram.map((each) => each.count)));
  const range = (from: number, to: number): string => (from === to ? count(from) : `${count(from)} to ${count(to)}`);
  const chart: Chart = {
    kind: "bars",
    x: { title: "entries, in classes that double", ticks: x.ticks },
    y: { title: "lists", ticks: y.ticks },
    marks: histogram.map(({ from, to, count: lists, entries }, at) => ({
      x: x.place(at),
      y: y.place(lists),
      says: `${range(from, to)} entries: ${plural(lists, "list")} with ${count(entries)} in all`,
    })),
  };
  const table = { head: ["entries", "lists", "entries in them"], rows: histogram.map((each) => [range(each.from, each.to), count(each.count), count(each.entries)]) };
  return { chart, table };
}

function ranks({ ranks: all, nlist }: ListsDetail): Pick<Look, "chart" | "table"> {
  const x = factors(nlist, 10);
  const y = powers(Math.max(1, ...all.map(({ size }) => size)));
  const chart: Chart = {
    kind: "curve",
    x: { title: "rank", ticks: x.ticks },
    y: { title: "entries", ticks: y.ticks },
    marks: all.map(({ rank, size }) => ({ x: x.place(rank), y: y.place(size), says: `rank ${count(rank)}: ${plural(size, "entry", "entries")}` })),
  };
  return { chart, table: { head: ["rank", "entries"], rows: all.map(({ rank, size }) => [count(rank), count(size)]) } };
}

function scanned({ scanned: all, nlist, nprobe, entries: total }: ListsDetail): Pick<Look, "chart" | "table"> {
  const x = factors(nlist, nlist > 64 ? 10 : 2);
  const y = linear(1, (value) => `${Math.round(value * 100)}\u202f%`);
  const chart: Chart = {
    kind: "curve",
    x: { title: "nprobe", ticks: x.ticks },
    y: { title: "share of entries", ticks: y.ticks },
    marks: all.map((each) => ({
      x: x.place(each.nprobe),
      y: y.place(each.share),
      isChosen: each.nprobe === nprobe,
      says: `nprobe ${count(each.nprobe)}: ${share(each.share, 1)} of the entries, about ${count(Math.round(each.entries))}${each.nprobe === nprobe ? ", as stored" : ""}`,
    })),
  };
  const table = {
    head: ["nprobe", "share", `entries of ${count(total)}`],
    rows: all.map((each) => [count(each.nprobe) + (each.nprobe === nprobe ? " (stored)" : ""), share(each.share, 1), count(Math.round(each.entries))]),
  };
  return { chart, table };
}
