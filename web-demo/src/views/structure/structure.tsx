// The index as FAISS wrote it: objects and arrays as a tree, every field with its place and meaning, bytes on demand.
import { createMemo, createResource, createSignal, Show, type JSX } from "solid-js";
import { flat, treeOf, type Node } from "../../data/tree";
import { go, route } from "../../state/route";
import type { OpenFile } from "../../state/session";
import { ask } from "../../worker/client";
import { Detail } from "./detail";
import { Tree } from "./tree";
import "./structure.css";

export default function Structure(props: { file: OpenFile }): JSX.Element {
  const root = createMemo(() => {
    const { index } = props.file.inspection;
    return index ? treeOf(index) : undefined;
  });
  const nodes = createMemo(() => {
    const tree = root();
    return tree ? flat(tree) : [];
  });
  const [parts] = createResource(
    () => props.file.handle,
    (handle) => ask("parts", { handle }),
  );
  const [filter, setFilter] = createSignal("");
  const chosen = createMemo((): Node | undefined => nearest(nodes(), route().part ?? "") ?? root());
  return (
    <div class="split structure">
      <Show when={root()} fallback={<p class="opening">This build cannot follow these bytes as an index, so there is no tree. {props.file.inspection.fault?.message}</p>}>
        {(tree) => (
          <>
            <div class="split-list">
              <div class="structure-bar">
                <input
                  class="field"
                  type="search"
                  placeholder="Filter by name, class or code"
                  aria-label="Filter the tree"
                  value={filter()}
                  onInput={(event) => setFilter(event.currentTarget.value)}
                />
              </div>
              <Tree root={tree()} filter={filter()} chosen={chosen()} total={Number(props.file.inspection.stream.len)} onChoose={(node) => go({ part: node.path })} />
            </div>
            <Show when={chosen()}>
              {(node) => <Detail file={props.file} node={node()} parts={parts() ?? []} isLoading={parts.loading} trouble={parts.error as unknown} />}
            </Show>
          </>
        )}
      </Show>
    </div>
  );
}

/** The node of a path, or the node around a field that has no node of its own. */
function nearest(nodes: readonly Node[], path: string): Node | undefined {
  const plain = path.replace(/\.list\[\d+\].*$|\.?tag$/, "");
  const exact = nodes.find((node) => node.path === plain);
  if (exact) return exact;
  const around = nodes.filter((node) => node.path === "" || plain.startsWith(`${node.path}.`));
  return around.sort((a, b) => b.path.length - a.path.length)[0];
}
