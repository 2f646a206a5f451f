// The worker: everything that reads, parses or hashes happens here, by the package `faissil`.
import { FaissilError } from "faissil";
import { answerTo } from "./answers";
import type { Failure, ToPage, ToWorker } from "./protocol";

const running = new Map<number, AbortController>();

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if ("stop" in data) running.get(data.stop)?.abort();
  else void answer(data);
});

async function answer(message: Exclude<ToWorker, { stop: number }>): Promise<void> {
  const stopping = new AbortController();
  running.set(message.call, stopping);
  try {
    const { call } = message;
    const found = await answerTo(message, {
      signal: stopping.signal,
      progress: (progress) => tell({ call, progress }),
      fetched: (handle, fetched) => tell({ handle, fetched }),
    });
    tell({ call, answer: found });
  } catch (error) {
    tell({ call: message.call, failure: failure(error) });
  } finally {
    running.delete(message.call);
  }
}

function tell(message: ToPage): void {
  self.postMessage(message);
}

/** An error in the terms that cross to the page. */
function failure(error: unknown): Failure {
  if (error instanceof FaissilError) {
    // The reader's own module comes over the network too, the first time.
    const kind = error.kind === "no module" && !navigator.onLine ? "offline" : error.kind;
    return { kind, at: error.at, path: error.path, message: error.message };
  }
  return { kind: kindOf(error), at: 0, path: "", message: error instanceof Error ? error.message : String(error) };
}

function kindOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "AbortError") return "stopped";
  // A part of the reader that comes late did not come: Chromium and Firefox, then Safari.
  const isUnread = error instanceof TypeError && /dynamically imported module|Importing a module script/.test(error.message);
  if (isUnread) return navigator.onLine ? "no module" : "offline";
  return "internal";
}
