// Recent local files, where the browser lets a page keep a handle to them (Chromium does). A handle stays in this
// browser; it lets the page ask for the same file again, and the browser asks the user.
import { createSignal } from "solid-js";

const DATABASE = "faissil";
const STORE = "recent";
const MOST = 5;

export interface Recent {
  name: string;
  handle: FileSystemFileHandle;
}

const [recent, setRecent] = createSignal<readonly Recent[]>([]);
export { recent };

/** Reads the list, once at start. */
export async function readRecent(): Promise<void> {
  if (!("showOpenFilePicker" in window)) return;
  const stored: unknown = await transact("readonly", (store) => store.get("list") as IDBRequest<unknown>).catch(() => undefined);
  setRecent(Array.isArray(stored) ? (stored as Recent[]) : []);
}

/** Puts a file in front of the list. */
export async function remember(handle: FileSystemFileHandle): Promise<void> {
  const others: Recent[] = [];
  for (const each of recent()) {
    if (!(await each.handle.isSameEntry(handle))) others.push(each);
  }
  const next = [{ name: handle.name, handle }, ...others].slice(0, MOST);
  setRecent(next);
  await transact("readwrite", (store) => store.put(next, "list")).catch(() => undefined);
}

/** Forgets all of them. */
export async function forgetRecent(): Promise<void> {
  setRecent([]);
  await transact("readwrite", (store) => store.delete("list")).catch(() => undefined);
}

/** Opens a recent file, if the user lets the page read it. */
export async function fileOf({ handle }: Recent): Promise<File | undefined> {
  const ask = handle as FileSystemFileHandle & {
    requestPermission?: (options: { mode: "read" }) => Promise<PermissionState>;
  };
  const answer = await ask.requestPermission?.({ mode: "read" });
  return answer === undefined || answer === "granted" ? handle.getFile() : undefined;
}

function transact<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => fail(new Error("no database"));
    opening.onsuccess = () => {
      const request = use(opening.result.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(new Error("no database"));
    };
  });
}
