// Rows and ids, of any number; and what is stored for one of them.
import { createEffect, createMemo, createSignal, on, Show, type JSX } from "solid-js";
import { count } from "../../data/format";
import { go, route } from "../../state/route";
import { namedPages, rowCount } from "../../state/rows";
import { choose } from "../../state/selection";
import type { OpenFile } from "../../state/session";
import { Detail } from "./detail";
import { RowList } from "./list";
import { Search } from "./search";
import "./vectors.css";

export default function Vectors(props: { file: OpenFile }): JSX.Element {
  const facts = () => props.file.inspection;
  const rows = (): number => rowCount(props.file);
  const chosen = createMemo((): number | undefined => {
    const row = Number(route().row ?? Number.NaN);
    return Number.isInteger(row) && row >= 0 && row < rows() ? row : rows() > 0 ? 0 : undefined;
  });
  const { pages, names, table } = namedPages(() => props.file);

  const [id, setId] = createSignal<bigint>();
  createEffect(
    on([chosen, () => pages().idOf(chosen() ?? 0)], ([row, known]) => {
      setId(known);
      choose({ row: row === undefined ? undefined : BigInt(row), id: facts().ids ? known : undefined });
    }),
  );
  const select = (row: number): void => go({ row: String(row) });
  return (
    <Show
      when={rows() > 0}
      fallback={<p class="opening">{facts().index ? "There are no vectors in it." : "This build cannot follow these bytes as an index, so it knows no vectors in it."}</p>}
    >
      <div class="split vectors">
        <section class="split-list" aria-label="Rows">
          <Search file={props.file} rows={rows()} hasNames={Boolean(names())} onRow={select} />
          <RowList pages={pages()} rows={rows()} chosen={chosen()} hasIds={Boolean(facts().ids)} hasNames={Boolean(names())} onChoose={select} />
          <p class="vectors-count num faint">
            {count(rows())} rows
            <Show when={names()}>
              {(known) => (
                <>
                  , {count(known())} names from {table()}
                </>
              )}
            </Show>
          </p>
        </section>
        <Show when={chosen() !== undefined}>
          <Detail file={props.file} row={chosen() ?? 0} id={id()} name={pages().nameOf(chosen() ?? 0)} />
        </Show>
      </div>
    </Show>
  );
}
