// What a file is, in one screen: the verdict, where its bytes go, the facts, and what to watch out for.
import { createMemo, createSignal, Show, type JSX } from "solid-js";
import { about, metric, size } from "../../data/format";
import { regionsOf } from "../../data/tree";
import { go } from "../../state/route";
import type { OpenFile } from "../../state/session";
import { report } from "../../state/verifying";
import { Strip } from "../../ui/strip";
import "../../ui/strip.css";
import { Facts } from "./facts";
import { Notes } from "./notes";
import { VerdictPanel } from "./verdict";
import "./overview.css";

export function Overview(props: { file: OpenFile }): JSX.Element {
  const facts = () => props.file.inspection;
  const index = () => facts().index;
  const regions = createMemo(() => regionsOf(facts()));
  const marks = () => (report()?.damage ?? []).map(({ span }) => ({ offset: Number(span.offset), bytes: Number(span.bytes) }));
  const [pointed, setPointed] = createSignal<readonly number[]>();
  return (
    <div class="sheet overview">
      <header class="overview-head">
        <h1 class="mono">{facts().description ?? "Not an index that this build can follow"}</h1>
        <p class="overview-sum num">
          <Show when={index()}>
            {(outer) => (
              <>
                <Show when={outer().ntotal != null}>
                  <strong>{about(outer().ntotal ?? 0)}</strong> vectors of <strong>{about(outer().d ?? 0)}</strong>{" "}
                  {outer().class.startsWith("IndexBinary") ? "bits" : "dimensions"} <i>·</i> {metric(outer().metric_name, outer().metric, outer().class.startsWith("IndexBinary"))}{" "}
                  <i>·</i>{" "}
                </Show>
              </>
            )}
          </Show>
          {size(facts().size_bytes)}
        </p>
      </header>
      <VerdictPanel file={props.file} />
      <section aria-labelledby="layout-title">
        <h2 id="layout-title">{facts().kind === "packed" ? "The stream, as it comes out of the packed file" : "The file, byte by byte"}</h2>
        <Strip
          regions={regions()}
          marks={facts().kind === "packed" ? [] : marks()}
          pointed={pointed()}
          onPoint={setPointed}
          onChoose={(region) => region.path !== undefined && go({ view: "structure", part: region.path })}
        />
      </section>
      <Notes file={props.file} />
      <Facts inspection={facts()} />
    </div>
  );
}
