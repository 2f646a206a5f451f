// What is chosen in the view that is open, for the line at its foot.
import { createSignal } from "solid-js";
import type { SampleOf } from "../data/sample";

export interface Selection {
  row: bigint | undefined;
  id: bigint | undefined;
  attachment: string | undefined;
  other: string | undefined;
  /** How much of the index health or map looks at. */
  sample: SampleOf;
}

const NONE: Selection = { row: undefined, id: undefined, attachment: undefined, other: undefined, sample: {} };

const [selection, setSelection] = createSignal<Selection>(NONE);
export { selection };

/** Chooses nothing any more: another file is opened. */
export const forgetChosen = (): void => void setSelection(NONE);

/** Chooses something; the rest stays. */
export function choose(change: Partial<Selection>): void {
  setSelection((before) => ({ ...before, ...change }));
}
