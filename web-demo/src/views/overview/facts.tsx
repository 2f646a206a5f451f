// The key facts, as a list of terms.
import { For, Show, type JSX } from "solid-js";
import { count, float, hex, metric, plural, shown, size } from "../../data/format";
import { rowsOf } from "../../data/fidelity";
import type { Inspection } from "../../data/json";
import { go } from "../../state/route";
import { Copy } from "../../ui/copy";
import { Prose } from "../../ui/prose";

const FIDELITY: Readonly<Record<string, string>> = {
  "exact bytes": "the FAISS stream comes back byte for byte",
  "exact vectors": "every vector comes back as it was added, in another index",
  "decoded vectors": "vectors come back as FAISS decodes them, not as they were added",
  partial: "a part is missing",
  placeholder: "some vectors are placeholders, made up on request",
};

export function Facts(props: { inspection: Inspection }): JSX.Element {
  const facts = () => props.inspection;
  const index = () => facts().index;
  const isBinary = (): boolean => index()?.class.startsWith("IndexBinary") ?? false;
  return (
    <section class="facts" aria-label="Key facts">
      <dl>
        <Show when={facts().class_chain}>
          {(chain) => (
            <Fact term="Classes">
              <span class="mono">{chain().map((each) => each ?? "null").join(" › ")}</span>
            </Fact>
          )}
        </Show>
        <Show when={facts().description}>
          <Fact term="Factory">
            <Show when={facts().factory} fallback={<span class="quiet">no factory string makes exactly this</span>}>
              {(factory) => (
                <>
                  <code>{factory()}</code>
                  <Copy text={factory()} label="Copy the factory string" />
                </>
              )}
            </Show>
          </Fact>
        </Show>
        <Show when={index()}>
          {(outer) => (
            <>
              <Fact term="Vectors">
                <span class="num">{count(outer().ntotal ?? 0)}</span>
                <span class="quiet"> × {count(outer().d ?? 0)} {isBinary() ? "bits" : "dimensions"}</span>
                <Show when={outer().is_trained === false}>
                  <span class="fact-warn">not trained</span>
                </Show>
              </Fact>
              <Fact term="Metric">{metric(outer().metric_name, outer().metric, isBinary())}</Fact>
            </>
          )}
        </Show>
        <Show when={facts().ids} fallback={<Fact term="Ids">{index() ? <span class="quiet">none stored: FAISS answers row numbers</span> : <span class="quiet">not known</span>}</Fact>}>
          {(ids) => (
            <Fact term="Ids">
              <span class="num">{count(ids().count)}</span>, {ids().kind}
              <Show when={ids().min != null && ids().max != null}>
                <span class="quiet num">
                  , {count(ids().min ?? 0)} to {count(ids().max ?? 0)}
                </span>
              </Show>
              <span class="quiet">
                {ids().duplicates == null ? "" : Number(ids().duplicates) === 0 ? ", no duplicates" : `, ${plural(ids().duplicates ?? 0, "duplicate")}`}
              </span>
            </Fact>
          )}
        </Show>
        <For each={facts().lists ?? []}>
          {(lists) => (
            <Fact term="Inverted lists">
              <span class="num">
                {count(lists.nlist)}, {Number(lists.non_empty) === Number(lists.nlist) ? "all in use" : `${count(lists.non_empty)} in use`}; largest {count(lists.largest)}
              </span>
              <Show when={lists.imbalance != null}>
                <span class="quiet num"> · imbalance {float(Number((lists.imbalance ?? 0).toFixed(2)))} (1 is even)</span>
              </Show>
              <Show when={lists.side_file}>
                <span class="quiet">
                  {" "}
                  · in the file <code>{lists.side_file}</code>
                </span>
              </Show>
            </Fact>
          )}
        </For>
        <Show when={Object.keys(facts().params ?? {}).length > 0}>
          <Fact term="Parameters">
            <span class="params">
              <For each={Object.entries(facts().params ?? {})}>
                {([name, value]) => (
                  <span>
                    <code class="quiet">{name}</code> <span class="num">{shown(value)}</span>
                  </span>
                )}
              </For>
            </span>
          </Fact>
        </Show>
      </dl>
      <dl>
        <Fact term="Fidelity">
          {facts().fidelity.level}
          <span class="quiet">: {FIDELITY[facts().fidelity.level] ?? ""}</span>
          <Show when={facts().fidelity.runs.length > 0}>
            <Runs runs={facts().fidelity.runs} />
          </Show>
        </Fact>
        <Show when={facts().faiss_version_min}>
          {(version) => (
            <Fact term="Read by">
              {facts().faiss_version_why?.only ? `FAISS ${version()} only` : version() === "1.2.1" ? "any FAISS release" : `FAISS ${version()} and later`}
              <Show when={facts().faiss_version_why}>
                {(why) => (
                  <span class="quiet">
                    , for <Prose text={why().reason} /> at{" "}
                    <button type="button" class="text-button mono" onClick={() => go({ view: "structure", part: why().path })}>
                      {hex(why().offset)}
                    </button>
                  </span>
                )}
              </Show>
            </Fact>
          )}
        </Show>
        <Fact term="Size">
          <span class="num">{count(facts().size_bytes)} bytes</span>
          <span class="quiet num">, of which the FAISS stream {size(facts().stream.len)}</span>
        </Fact>
        <Show when={facts().memory}>
          {(memory) => (
            <Fact term="In memory">
              <span class="num">about {size(memory().bytes)}</span>
              <Show when={memory().bytes_per_vector}>{(each) => <span class="quiet num">, {each().toFixed(1)} bytes a vector</span>}</Show>
              <ul class="portions">
                <For each={memory().portions}>
                  {(portion) => (
                    <li>
                      <meter min="0" max={Number(memory().bytes)} value={Number(portion.bytes)} aria-label={portion.what} />
                      <span class="num">{size(portion.bytes)}</span>
                      <span class="quiet">
                        {portion.what}
                        {portion.estimate ? " (estimate)" : ""}
                      </span>
                    </li>
                  )}
                </For>
              </ul>
            </Fact>
          )}
        </Show>
        <Show when={facts().stream.blake3}>{(digest) => <Digest term="BLAKE3" digest={digest()} of="of the FAISS stream, as b3sum prints it" />}</Show>
        <Show when={facts().snapshot_digest}>{(digest) => <Digest term="Snapshot" digest={digest()} of="the one digest that speaks for all of it" />}</Show>
        <Show when={facts().attachments.length > 0 || Object.keys(facts().metadata).length > 0}>
          <Fact term="With it">
            <button type="button" class="text-button" onClick={() => go({ view: "attached" })}>
              {[
                facts().attachments.length > 0 ? plural(facts().attachments.length, "attachment") : "",
                Object.keys(facts().metadata).length > 0 ? plural(Object.keys(facts().metadata).length, "entry of metadata", "entries of metadata") : "",
              ]
                .filter(Boolean)
                .join(", ")}
            </button>
          </Fact>
        </Show>
      </dl>
    </section>
  );
}

/** Which rows came how, where a snapshot records it: one that was pulled from a server, or salvaged. */
function Runs(props: { runs: Inspection["fidelity"]["runs"] }): JSX.Element {
  return (
    <table class="runs">
      <caption class="hidden-text">Fidelity by rows</caption>
      <thead>
        <tr>
          <th scope="col">rows</th>
          <th scope="col">fidelity</th>
          <th scope="col">how they were had</th>
        </tr>
      </thead>
      <tbody>
        <For each={props.runs}>
          {(run) => (
            <tr>
              <td class="num">{rowsOf(run)}</td>
              <td>{run.level}</td>
              <td class="quiet">{run.strategy}</td>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  );
}

function Fact(props: { term: string; children: JSX.Element }): JSX.Element {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function Digest(props: { term: string; digest: string; of: string }): JSX.Element {
  return (
    <Fact term={props.term}>
      <span class="digest">
        <code title={props.of}>{props.digest}</code>
        <Copy text={props.digest} label={`Copy the digest ${props.of}`} />
      </span>
    </Fact>
  );
}
