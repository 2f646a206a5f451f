// What is chosen in the view that is open, for the line at its foot.
import { createSignal } from "solid-js";

export interface Selection {
  row: bigint | undefined;
  id: bigint | undefined;
  attachment: string | undefined;
  other: string | undefined;
}

const [selection, setSelection] = createSignal<Selection>({ row: undefined, id: undefined, attachment: undefined, other: undefined });
export { selection };

/** Chooses something; the rest stays. */
export function choose(change: Partial<Selection>): void {
  setSelection((before) => ({ ...before, ...change }));
}
