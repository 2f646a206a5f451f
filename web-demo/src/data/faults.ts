// What went wrong, as a headline and what to do next. The sentence between them is the core's or the source's own.
import { word } from "./lines";

/** Faults of the road to a file, which may be over when it is asked for again. */
const PASSING = ["offline", "unreachable", "http", "no length", "no ranges", "changed", "short", "read", "no module", "worker"];

/** Whether to try the same again makes sense. */
export const isPassing = (kind: string): boolean => PASSING.includes(kind);

/** An error in the terms of the page. */
export interface Explained {
  headline: string;
  next: readonly string[];
  /** A command that helps. */
  command?: string;
}

/** What to say of an error of this kind, about a file of this name. */
export function explain(kind: string, name: string, isRemote: boolean): Explained {
  const file = word(name);
  const download = "Download the file and drop it here: nothing else is needed.";
  switch (kind) {
    case "offline":
      return { headline: "This browser is offline", next: ["Connect again, then retry.", "Files on this machine open without a network."] };
    case "unreachable":
      return {
        headline: "The server cannot be reached, or does not let this page read it",
        next: [
          "See whether the address is right, and opens in a tab of its own.",
          download,
          "If the server is yours, let it answer with `Access-Control-Allow-Origin: *`. Plain ranges need no more than that.",
        ],
      };
    case "no address":
      return { headline: "This is no web address", next: ["See whether the link was copied whole.", "A file of this machine opens when it is dropped here."] };
    case "http":
      return { headline: "The server does not give the file", next: ["See whether the address opens in a tab of its own, and whether it needs a login.", download] };
    case "no length":
      return {
        headline: "The server does not say how long the file is",
        next: [download, "If the server is yours, let it answer with `Content-Length`, or `Access-Control-Expose-Headers: Content-Range`."],
      };
    case "no ranges":
      return { headline: "The server sends only whole files", next: [download, "If the server is yours, let it answer requests for byte ranges (status 206)."] };
    case "changed":
      return { headline: "The file changed while it was read", next: ["Retry: it is then read as it is now.", "If it changes often, give the address of one version."] };
    case "short":
      return { headline: "The server sends less than it was asked for", next: ["Retry: the connection may have broken.", download] };
    case "read":
      return { headline: "The file cannot be read", next: ["It may have been moved, or this browser may not open it. Choose it again."] };
    case "no simd":
      return { headline: "This browser is too old for the reader", next: ["It needs WebAssembly with SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4 or newer."] };
    case "no module":
    case "worker":
      return { headline: "The reader could not be started", next: ["Reload the page.", "WebAssembly or workers may be switched off in this browser."] };
    case "internal":
      return { headline: "The reader stopped", next: ["That is a fault of Faissil. The command reads the same file by the same code, and may say more:"], command: `faissil inspect ${file}` };
    case "refused":
    case "unknown tag":
    case "misplaced tag":
    case "not recognised":
      if (name.endsWith(".ivfdata")) return { headline: "This is the second file of an index", next: ["It holds inverted lists, and no index. Open it together with the `.faiss` file it belongs to: choose or drop both at once."] };
      return {
        headline: "This is no FAISS index that Faissil knows",
        next: [
          "See whether it is the right file: an index begins with a code such as `IxF2` or `IwPQ`.",
          isRemote ? "An address may lead to a page about the file instead of the file." : "A file from git may be a pointer of Git LFS; `git lfs pull` fetches the real one.",
        ],
      };
    case "unsupported":
    case "over the limit":
      return { headline: "This build does not take the file", next: ["A newer one may."], command: `faissil inspect ${file}` };
    case "truncated":
      return { headline: "The file is cut short", next: ["Copy or download it again, and compare its length."], command: `faissil inspect ${file}` };
    case "damaged":
    case "inconsistent":
    case "invalid":
    case "cannot decode":
      return { headline: "The file is damaged", next: ["What is intact can still be had:"], command: `faissil load --salvage ${file} rest.faiss` };
    default:
      return { headline: "The file cannot be read", next: ["The command may say more:"], command: `faissil inspect ${file}` };
  }
}
