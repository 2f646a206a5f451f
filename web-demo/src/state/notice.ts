// A word to whoever is at the page that belongs to no view: said for a moment, to screen readers too.
import { createSignal } from "solid-js";

export interface Notice {
  text: string;
  /** Only for those who hear the page: everybody else sees it anyway. */
  isHeard: boolean;
}

const [notice, setNotice] = createSignal<Notice>({ text: "", isHeard: true });
export { notice };

let ending = 0;

/** Says this, and takes it back after two seconds. */
export function say(text: string, isHeard = false): void {
  clearTimeout(ending);
  setNotice({ text, isHeard });
  ending = window.setTimeout(() => setNotice({ text: "", isHeard: true }), 2000);
}
