// Copying, and saying so where nothing else shows it.
import { say } from "../state/notice";

/** Copies a text; whether that could be done. Browsers have no clipboard on plain `http:` addresses but this machine's, and may refuse it. */
export async function copied(text: string): Promise<boolean> {
  try {
    await (navigator.clipboard as Clipboard | undefined)?.writeText(text);
    if ((navigator.clipboard as Clipboard | undefined) !== undefined) return true;
  } catch {
    // Said below.
  }
  say("The browser does not let this page copy: select the text and copy it");
  return false;
}
