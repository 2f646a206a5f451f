// The browser's own file picker: the one that gives a handle to come back to, where there is one.
import { openLocal } from "../state/session";

type Picker = (options: { multiple: boolean; id: string }) => Promise<FileSystemFileHandle[]>;

/** Asks for a file (with its lists, two) and opens it. */
export async function pick(): Promise<void> {
  const { handles, files } = await ask();
  await openLocal(files, handles.length === 1 ? handles[0] : undefined);
}

/** Asks for one file; undefined when none was chosen. */
export async function pickOne(): Promise<File | undefined> {
  return (await ask()).files[0];
}

async function ask(): Promise<{ handles: FileSystemFileHandle[]; files: File[] }> {
  const picker = (window as { showOpenFilePicker?: Picker }).showOpenFilePicker;
  if (!picker) return { handles: [], files: await classic() };
  try {
    const handles = await picker({ multiple: true, id: "faissil" });
    return { handles, files: await Promise.all(handles.map((handle) => handle.getFile())) };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return { handles: [], files: [] };
    return { handles: [], files: await classic() };
  }
}

/** The picker of a file field. */
function classic(): Promise<File[]> {
  return new Promise((done) => {
    const field = document.createElement("input");
    field.type = "file";
    field.multiple = true;
    field.hidden = true;
    const end = (): void => {
      field.remove();
      done([...(field.files ?? [])]);
    };
    field.addEventListener("change", end);
    field.addEventListener("cancel", end);
    // In the page, since a browser may let go of one that is not before anyone has chosen.
    document.body.append(field);
    field.click();
  });
}
