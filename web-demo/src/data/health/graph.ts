// How the nodes of a graph are linked.
import type { GraphDetail } from "faissil";
import { count, float, plural } from "../format";
import { linear, powers, slots } from "./axes";
import type { Look, Measures, Panel } from "./panel";

export function graphPanels(detail: GraphDetail, measures: Measures): Panel[] {
  const panels: Panel[] = [];
  if (detail.levels.length > 0) {
    panels.push({
      title: "Nodes by level",
      what: `Nodes whose highest level it is, by powers of ten, against what FAISS's probabilities make of ${plural(detail.nodes, "node")}. Searches start at node ${count(detail.entry_point)}.`,
      looks: [levels(detail)],
      measures: measures.take("level-counts"),
    });
  }
  panels.push({
    title: "Links of a node",
    what: "How many nodes have how many links, level by level.",
    looks: detail.degrees.map((each) => degrees(each, detail.degrees.length > 1)),
    measures: measures.take("dead-ends", "broken-links", "broken-layout"),
  });
  panels.push({
    title: "Nodes that are reached",
    what: "To which nodes a path of links leads on level 0, by powers of ten.",
    looks: [reached(detail)],
    measures: measures.take("unreachable", "unreachable-at-all"),
    rows: detail.unreachable_rows.map((row) => ({ row, why: "no path leads to it" })),
  });
  return panels;
}

function levels({ levels: all }: GraphDetail): Look {
  const x = slots(all.length, (at) => count(all[at]?.level ?? at));
  const y = powers(Math.max(1, ...all.map((each) => Math.max(each.nodes, each.expected ?? 0))));
  return {
    name: "by level",
    chart: {
      kind: "bars",
      x: { title: "highest level", ticks: x.ticks },
      y: { title: "nodes", ticks: y.ticks },
      expected: "expected",
      marks: all.map(({ level, nodes, expected }, at) => ({
        x: x.place(at),
        y: y.place(nodes),
        expected: expected === null ? undefined : y.place(expected),
        says: `level ${level}: ${plural(nodes, "node")}${expected === null ? "" : `, ${float(expected)} expected`}`,
      })),
    },
    table: {
      head: ["level", "highest level of", "expected", "nodes on it"],
      rows: all.map(({ level, nodes, expected, on_level }) => [count(level), count(nodes), expected === null ? "–" : float(expected), count(on_level)]),
    },
  };
}

function degrees({ level, room, nodes, links, histogram }: GraphDetail["degrees"][number], isOneOfMany: boolean): Look {
  const bars = room + 1 <= 2 * histogram.length ? Math.max(room + 1, histogram.length) : histogram.length;
  const x = slots(bars, count);
  const y = linear(Math.max(1, ...histogram));
  return {
    name: isOneOfMany ? `level ${level}` : "by links",
    chart: {
      kind: "bars",
      x: { title: `links, of ${count(room)} that there is room for`, ticks: x.ticks },
      y: { title: "nodes", ticks: y.ticks },
      marks: histogram.map((number, at) => ({ x: x.place(at), y: y.place(number), says: `${plural(at, "link")}: ${plural(number, "node")} of ${count(nodes)}` })),
    },
    table: {
      head: ["links", `nodes of ${count(nodes)}, with ${count(links)} links in all`],
      rows: histogram.flatMap((number, at) => (number === 0 ? [] : [[count(at), count(number)]])),
    },
  };
}

function reached({ nodes, unreachable, unreachable_at_all }: GraphDetail): Look {
  if (unreachable === null) return { name: "by path", table: { head: ["nodes", "number"], rows: [["in all", count(nodes)], ["reached", "not known"]] } };
  const never = unreachable_at_all ?? unreachable;
  const all: readonly (readonly [string, string, number])[] = [
    ["from the start", "reached from the entry point", nodes - unreachable],
    ...(unreachable_at_all === null ? [] : ([["from above only", "reached from another node of an upper level only", unreachable - never]] as const)),
    ["never", "never reached", never],
  ];
  const x = slots(all.length, (at) => all[at]?.[0] ?? "");
  const y = powers(nodes);
  return {
    name: "by path",
    chart: {
      kind: "bars",
      x: { title: "", ticks: x.ticks },
      y: { title: "nodes", ticks: y.ticks },
      marks: all.map(([, what, number], at) => ({ x: x.place(at), y: y.place(number), says: `${what}: ${plural(number, "node")}` })),
    },
    table: { head: ["nodes", "number"], rows: all.map(([, what, number]) => [what, count(number)]) },
  };
}
