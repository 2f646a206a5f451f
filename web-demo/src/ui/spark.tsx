// Numbers as thin bars from a line at zero: the shape of a vector at a glance.
import { createMemo, type JSX } from "solid-js";
import { float } from "../data/format";
import "./spark.css";

const HEIGHT = 48;

export function Spark(props: { values: readonly number[]; label: string }): JSX.Element {
  const drawn = createMemo(() => {
    const finite = props.values.map((value) => (Number.isFinite(value) ? value : 0));
    const low = Math.min(0, ...finite);
    const high = Math.max(0, ...finite);
    const scale = high === low ? 0 : HEIGHT / (high - low);
    const zero = high * scale;
    const path = finite.map((value, at) => `M${at + 0.5} ${zero.toFixed(2)}V${(zero - value * scale).toFixed(2)}`).join("");
    return { low, high, zero, path };
  });
  return (
    <figure class="spark">
      <svg viewBox={`0 0 ${props.values.length} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${props.label}: from ${float(drawn().low)} to ${float(drawn().high)}`}>
        <path class="spark-zero" d={`M0 ${drawn().zero}H${props.values.length}`} />
        <path class="spark-bars" d={drawn().path} />
      </svg>
      <figcaption class="num faint">
        <span>{float(drawn().high)}</span>
        <span>{float(drawn().low)}</span>
      </figcaption>
    </figure>
  );
}
