// The file from its first byte to its last as one bar: what lies where, in proportion, and where damage is.
import { createMemo, For, Show, type JSX } from "solid-js";
import { hex, share, size } from "../data/format";
import { listed, type Listed } from "../data/layout";
import type { Region } from "../data/tree";

/** Below this share of the bar a region is drawn wider than it is, so that it can be seen and hit. */
const LEAST = 0.003;

export interface Mark {
  offset: number;
  bytes: number;
}

export function Strip(props: {
  regions: readonly Region[];
  marks: readonly Mark[];
  /** Regions that are pointed at, here or elsewhere. */
  pointed: readonly number[] | undefined;
  onPoint: (regions: readonly number[] | undefined) => void;
  onChoose: (region: Region) => void;
}): JSX.Element {
  const total = createMemo(() => props.regions.reduce((sum, each) => sum + each.bytes, 0) || 1);
  const boxes = createMemo(() => {
    const wide = props.regions.map((each) => Math.max(each.role === "fields" ? 0 : LEAST, each.bytes / total()));
    const sum = wide.reduce((all, each) => all + each, 0);
    let at = 0;
    return wide.map((each) => {
      const left = at;
      at += each / sum;
      return { left, width: each / sum };
    });
  });
  /** Where a byte is drawn, which is not in proportion next to regions that are drawn wider. */
  const place = (offset: number): number => {
    const index = props.regions.findIndex((each) => offset < each.offset + each.bytes);
    const region = props.regions[index];
    const box = boxes()[index];
    return region && box ? box.left + (box.width * (offset - region.offset)) / region.bytes : 1;
  };
  const isHit = (region: Region | undefined): boolean =>
    region !== undefined &&
    props.marks.some((mark) => mark.offset < region.offset + region.bytes && region.offset < mark.offset + mark.bytes);
  return (
    <div class="strip" onMouseLeave={() => props.onPoint(undefined)}>
      <svg class="strip-bar" viewBox="0 0 1000 34" preserveAspectRatio="none" aria-hidden="true">
        <For each={props.regions}>
          {(region, index) => (
            <rect
              class={`part-${region.role}`}
              classList={{ dimmed: props.pointed !== undefined && !props.pointed.includes(index()) }}
              x={(boxes()[index()]?.left ?? 0) * 1000}
              width={Math.max(0, (boxes()[index()]?.width ?? 0) * 1000 - 0.9)}
              y="0"
              height="27"
              onMouseEnter={() => props.onPoint([index()])}
              onClick={() => props.onChoose(region)}
            />
          )}
        </For>
        <For each={props.marks}>
          {(mark) => {
            const from = (): number => place(mark.offset) * 1000;
            const wide = (): number => Math.max(3, place(mark.offset + mark.bytes - 1) * 1000 - from());
            return <rect class="strip-mark" x={from()} width={wide()} y="29" height="5" />;
          }}
        </For>
      </svg>
      <ol class="strip-list">
        <For each={listed(props.regions)}>
          {(line) => (
            <li>
              <Line
                line={line}
                region={line.regions.length === 1 ? props.regions[line.regions[0] ?? 0] : undefined}
                role={props.regions[line.regions[0] ?? 0]?.role ?? "other"}
                share={share(line.bytes, total())}
                isHit={line.regions.some((at) => isHit(props.regions[at]))}
                isPointed={line.regions.some((at) => props.pointed?.includes(at) ?? false)}
                onPoint={props.onPoint}
                onChoose={props.onChoose}
              />
            </li>
          )}
        </For>
      </ol>
    </div>
  );
}

function Line(props: {
  line: Listed;
  region: Region | undefined;
  role: string;
  share: string;
  isHit: boolean;
  isPointed: boolean;
  onPoint: (regions: readonly number[] | undefined) => void;
  onChoose: (region: Region) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      classList={{ chosen: props.isPointed }}
      disabled={props.region?.path === undefined}
      onMouseEnter={() => props.onPoint(props.line.regions)}
      onFocus={() => props.onPoint(props.line.regions)}
      onBlur={() => props.onPoint(undefined)}
      onClick={() => props.region && props.onChoose(props.region)}
    >
      <i class={`swatch part-${props.role}`} />
      <span class="strip-label" classList={{ mono: props.region?.path !== undefined }}>
        {props.line.label}
        <Show when={props.isHit}>
          <em>damaged</em>
        </Show>
      </span>
      <span class="faint strip-at">{props.region ? hex(props.region.offset) : ""}</span>
      <span class="num quiet strip-size">{size(props.line.bytes)}</span>
      <span class="num faint strip-share">{props.share}</span>
    </button>
  );
}
