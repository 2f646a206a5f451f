// Warnings and remarks, the ones that matter first, each with its reason and a way to where it shows.
import { For, Show, type JSX } from "solid-js";
import { count, hex } from "../../data/format";
import { go } from "../../state/route";
import { pickOne } from "../../shell/pick";
import { openWithSide, type OpenFile } from "../../state/session";
import { report } from "../../state/verifying";
import { Icon } from "../../ui/icon";

/** Opens the same index again, with the file that holds its lists. */
async function addSide(file: OpenFile): Promise<void> {
  const side = await pickOne();
  if (side) await openWithSide(file, side);
}

interface Said {
  isWarning: boolean;
  text: string;
  /** Path of the part it is about, where it is one. */
  part?: string;
  where?: string;
  /** Whether a second file, with the lists, would help. */
  wantsSide?: boolean;
}

export function Notes(props: { file: OpenFile }): JSX.Element {
  const said = (): Said[] => {
    const { fault, notes, trailing, fidelity } = props.file.inspection;
    const all: Said[] = [];
    if (props.file.inspection.kind === "faiss" && props.file.name.endsWith(".faissil")) {
      all.push({ isWarning: true, text: "It has the name of a snapshot and is none: the trailer at the end of one is missing, as when a copy was cut short. Nothing of it can be verified." });
    }
    if (fault) all.push({ isWarning: true, text: fault.message, part: fault.path, where: `byte ${count(fault.at)}` });
    for (const warning of report()?.warnings ?? []) all.push({ isWarning: true, text: warning });
    for (const note of notes) {
      const where = note.code === "trailing" && trailing ? { where: hex(trailing.offset) } : {};
      all.push({ isWarning: note.level === "warning", text: note.text, ...where, wantsSide: note.code === "side-file-missing" });
    }
    if (fidelity.level === "partial" || fidelity.level === "placeholder") {
      all.push({ isWarning: true, text: `Some of what was added is not in here: fidelity is ${fidelity.level}.` });
    }
    return all;
  };
  return (
    <Show when={said().length > 0}>
      <section aria-labelledby="notes-title">
        <h2 id="notes-title">Worth knowing</h2>
        <ul class="notes">
          <For each={said()}>
            {(each) => (
              <li classList={{ warning: each.isWarning }}>
                <Icon name={each.isWarning ? "warning" : "note"} />
                <span>
                  <span class="hidden-text">{each.isWarning ? "Warning: " : "Note: "}</span>
                  {each.text}
                  <Show when={each.where}>
                    {" "}
                    <button type="button" class="text-button num" onClick={() => go({ view: "structure", ...(each.part === undefined ? {} : { part: each.part }) })}>
                      {each.where}
                    </button>
                  </Show>
                  <Show when={each.wantsSide && "file" in props.file.source}>
                    {" "}
                    <button type="button" class="text-button" onClick={() => void addSide(props.file)}>
                      Choose that file…
                    </button>
                  </Show>
                </span>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}
