// Ids and names of rows, a page at a time, as rows come in sight. Old pages are let go of.
import { createSignal, untrack, type Accessor, type Setter } from "solid-js";
import { ask, Fault } from "../worker/client";

const ROWS = 512;
const MOST = 128;
/** Rows that fly past while someone drags the scroll bar are not asked for. */
const PAUSE = 60;

interface Page {
  ids: BigInt64Array;
  names: readonly string[];
}

export class Pages {
  private readonly pages: Accessor<ReadonlyMap<number, Page>>;
  private readonly setPages: Setter<ReadonlyMap<number, Page>>;
  private readonly asked = new Set<number>();
  private timer = 0;
  private isNamed = false;
  /** Why ids cannot be read, where they cannot. */
  readonly trouble: Accessor<string>;
  private readonly setTrouble: Setter<string>;

  constructor(
    private readonly handle: number,
    private readonly rows: number,
  ) {
    [this.pages, this.setPages] = createSignal<ReadonlyMap<number, Page>>(new Map());
    [this.trouble, this.setTrouble] = createSignal("");
  }

  idOf(row: number): bigint | undefined {
    return this.pages().get(Math.floor(row / ROWS))?.ids[row % ROWS];
  }

  nameOf(row: number): string {
    return this.pages().get(Math.floor(row / ROWS))?.names[row % ROWS] ?? "";
  }

  /** Asks for the rows that are in sight, once they stand still. */
  want(rows: readonly number[]): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      for (const page of new Set(rows.map((row) => Math.floor(row / ROWS)))) void this.read(page);
      // Whoever says what is in sight does not wait for pages: each that came would put the pause off.
    }, untrack(this.pages).size === 0 ? 0 : PAUSE);
  }

  /** Names are known now: asks again for those of the pages that are here, once, not whenever one of them comes. */
  nameAll(): void {
    this.isNamed = true;
    for (const [page, { ids }] of untrack(this.pages)) void this.name(page, ids);
  }

  private async read(page: number): Promise<void> {
    const first = page * ROWS;
    if (first >= this.rows || this.asked.has(page)) return;
    this.asked.add(page);
    try {
      const ids = await ask("ids", { handle: this.handle, first, count: Math.min(ROWS, this.rows - first) });
      this.setPages((before) => {
        const next = new Map(before).set(page, { ids, names: [] });
        for (const old of next.keys()) {
          if (next.size <= MOST) break;
          next.delete(old);
          this.asked.delete(old);
        }
        return next;
      });
      if (this.isNamed) await this.name(page, ids);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.asked.delete(page);
      this.setTrouble(error.message);
    }
  }

  private async name(page: number, ids: BigInt64Array): Promise<void> {
    const names = await ask("namesOf", { handle: this.handle, ids });
    this.setPages((before) => (before.has(page) ? new Map(before).set(page, { ids, names }) : before));
  }
}
