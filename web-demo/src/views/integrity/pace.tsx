// The throughput of the run, as a curve.
import { createMemo, type JSX } from "solid-js";
import type { Pace } from "../../state/verifying";
import { rate } from "../../data/format";

export function PaceCurve(props: { points: readonly Pace[] }): JSX.Element {
  const path = createMemo(() => {
    const [first, last] = [props.points[0], props.points.at(-1)];
    if (!first || !last) return { line: "", most: 0 };
    if (first === last) return { line: "M0 2H200", most: first.rate };
    const most = Math.max(...props.points.map((each) => each.rate));
    const wide = last.at - first.at || 1;
    const line = props.points.map((each, at) => `${at === 0 ? "M" : "L"}${(((each.at - first.at) / wide) * 200).toFixed(1)} ${(34 - (each.rate / most) * 32).toFixed(1)}`);
    return { line: line.join(""), most };
  });
  return (
    <svg class="pace" viewBox="0 0 200 36" preserveAspectRatio="none" role="img" aria-label={path().most > 0 ? `at most ${rate(path().most)}` : "no pace yet"}>
      <path class="pace-base" d="M0 35H200" />
      <path class="pace-line" d={path().line} />
    </svg>
  );
}
