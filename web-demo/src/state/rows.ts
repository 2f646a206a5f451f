// The ids of rows, and their names where an attachment has a table of them.
import { createEffect, createMemo, createResource, type Accessor } from "solid-js";
import { ask } from "../worker/client";
import { Pages } from "./pages";
import type { OpenFile } from "./session";

/** An attachment up to this length is read for names without being asked to. */
const SMALL = 4 * 1024 * 1024;

/** How many rows a file has. */
export const rowCount = ({ inspection }: OpenFile): number => Number(inspection.ids?.count ?? inspection.index?.ntotal ?? 0);

/** Pages of ids, how many names are known (none: null), and the attachment that they come from. */
export function namedPages(file: Accessor<OpenFile>): { pages: Accessor<Pages>; names: Accessor<number | null | undefined>; table: Accessor<string | undefined> } {
  const pages = createMemo(() => new Pages(file().handle, rowCount(file())));
  const table = (): string | undefined =>
    file().inspection.attachments.find(({ name, bytes }) => /\.(json|jsonl|ndjson|csv|tsv)$/i.test(name) && Number(bytes) <= SMALL)?.name;
  const [names] = createResource(table, (attachment) => ask("names", { handle: file().handle, attachment }).catch(() => null));
  createEffect(() => {
    if (names()) pages().nameAll();
  });
  return { pages, names, table };
}
