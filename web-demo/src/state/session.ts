// The open file: from being asked for, to being read, to what the worker said of it.
import { batch, createSignal } from "solid-js";
import { nameOf, rewrite } from "../data/links";
import { ask, Fault } from "../worker/client";
import type { Opened, Source } from "../worker/protocol";
import { forgetExamined } from "./examining";
import { say } from "./notice";
import { go, route, type Route } from "./route";
import { remember } from "./recent";
import { sampleUrl } from "./samples";
import { forgetChosen } from "./selection";
import { forget, verify } from "./verifying";

export interface OpenFile extends Opened {
  name: string;
  source: Source;
}

export type Session =
  | { state: "empty" }
  | { state: "opening"; name: string }
  | { state: "failed"; name: string; source: Source; fault: Fault }
  | { state: "open"; file: OpenFile };

const [session, setSession] = createSignal<Session>({ state: "empty" });
export { session };

/** The open file, where there is one. */
export const openFile = (): OpenFile | undefined => {
  const now = session();
  return now.state === "open" ? now.file : undefined;
};

let stopOpening = new AbortController();

/** Opens a file of this machine. With two files the one that is no `.ivfdata` is the index. */
export async function openLocal(files: readonly File[], handle?: FileSystemFileHandle): Promise<void> {
  const side = files.find((file) => file.name.endsWith(".ivfdata"));
  const file = files.find((each) => each !== side) ?? side;
  if (!file) return;
  if (handle) void remember(handle);
  const isAsked = session().state === "empty" && route().view !== "overview";
  go({ url: undefined, side: undefined, sample: undefined, part: undefined, row: undefined, view: isAsked ? route().view : "overview" });
  await open({ file }, file.name, side);
}

/** Opens the open file again, together with the file that holds its inverted lists. */
export async function openWithSide({ source, name }: OpenFile, side: File): Promise<void> {
  await open(source, name, side);
}

/** Opens a file on the web, by an absolute address. */
export async function openUrl(url: string, change: Partial<Route> = {}): Promise<void> {
  go({ url, side: undefined, sample: undefined, part: undefined, row: undefined, view: "overview", ...change });
  await open({ url }, nameOf(url));
}

/** Opens one of the files that come with the page. */
export async function openSample(name: string, change: Partial<Route> = {}): Promise<void> {
  go({ url: undefined, side: undefined, sample: name, expect: undefined, part: undefined, row: undefined, view: "overview", ...change });
  await open({ url: sampleUrl(name) }, nameOf(sampleUrl(name)));
}

/** Opens what the hash names, as it stands. */
export async function openRouted(to: Route): Promise<void> {
  if (to.url !== undefined) await openAddress(to.url, to.side);
  else if (to.sample !== undefined) await open({ url: sampleUrl(to.sample) }, nameOf(sampleUrl(to.sample)));
  else close();
}

/** Opens what a hash gives as the address of a file, which anyone may have typed. */
async function openAddress(url: string, side: string | undefined): Promise<void> {
  try {
    for (const each of side === undefined ? [url] : [url, side]) rewrite(each);
  } catch {
    close();
    const fault = new Fault({ kind: "no address", at: 0, path: "", message: "a page reads addresses that begin with `https://` or `http://`" });
    setSession({ state: "failed", name: url, source: { url }, fault });
    return;
  }
  await open({ url, side }, nameOf(url));
}

/** Tries the same source again. */
export async function retry(): Promise<void> {
  const now = session();
  if (now.state === "failed") await open(now.source, now.name);
}

/** Back to the page with nothing open. */
export function close(): void {
  stopOpening.abort();
  letGo();
  setSession({ state: "empty" });
}

/** The same, and the hash says so. */
export function leave(): void {
  go({ url: undefined, side: undefined, sample: undefined, expect: undefined, part: undefined, row: undefined, view: "overview" });
  close();
}

async function open(source: Source, name: string, side?: File): Promise<void> {
  stopOpening.abort();
  const stopping = (stopOpening = new AbortController());
  letGo();
  setSession({ state: "opening", name });
  try {
    const params = { source, ...(side ? { side } : {}) };
    const opened = await ask("open", params, { signal: stopping.signal });
    if (stopping.signal.aborted) {
      void ask("close", { handle: opened.handle });
      return;
    }
    setSession({ state: "open", file: { ...opened, name, source } });
    say("The file is open", true);
    // What had the focus may be gone with the page before.
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  } catch (error) {
    if (stopping.signal.aborted) return;
    if (!(error instanceof Fault)) throw error;
    setSession({ state: "failed", name, source, fault: error });
  }
}

/** Lets go of the file that was open, in the worker too. */
function letGo(): void {
  const file = openFile();
  batch(() => {
    forget();
    forgetExamined();
    forgetChosen();
  });
  if (file) void ask("close", { handle: file.handle });
}

/** Verifies the open file, or goes on with it. */
export function verifyOpen(): void {
  const file = openFile();
  if (file && file.inspection.kind !== "faiss") void verify(file);
}
