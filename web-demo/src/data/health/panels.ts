// A part of a health report as panels.
import type { HealthPart, HealthSection } from "faissil";
import { codePanels } from "./codes";
import { graphPanels } from "./graph";
import { listPanels } from "./lists";
import { Measures, type Panel } from "./panel";
import { idPanels, vectorPanels } from "./vectors";

/** How the parts are called on the page. */
export const PART_NAMES: Readonly<Record<HealthPart, string>> = {
  lists: "Inverted lists",
  graph: "Graph",
  vectors: "Vectors",
  ids: "Ids",
  codes: "Codes",
};

/** The panels of a part; none where nothing could be looked at. A measure that no panel asks for is in the last one. */
export function panelsOf(section: HealthSection): readonly Panel[] {
  const measures = new Measures(section.measures);
  const panels = drawn(section, measures);
  const rest = measures.rest();
  const last = panels.at(-1);
  if (rest.length === 0) return panels;
  if (!last) return [{ title: PART_NAMES[section.part], what: "", looks: [], measures: rest }];
  return [...panels.slice(0, -1), { ...last, measures: [...last.measures, ...rest] }];
}

function drawn(section: HealthSection, measures: Measures): Panel[] {
  switch (section.part) {
    case "lists":
      return section.detail ? listPanels(section.detail, measures) : [];
    case "graph":
      return section.detail ? graphPanels(section.detail, measures) : [];
    case "vectors":
      return section.detail ? vectorPanels(section.detail, section.coverage.looked_at, measures) : [];
    case "ids":
      return section.detail ? idPanels(section.detail, measures) : [];
    case "codes":
      return section.detail ? codePanels(section.detail, measures) : [];
  }
}
