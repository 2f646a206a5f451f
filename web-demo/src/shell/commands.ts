// Everything that can be done by key or from the palette, in one table: keys, palette and help are made from it.
import { createSignal } from "solid-js";
import { drawing, examination } from "../state/examining";
import { say } from "../state/notice";
import { go, link, route, VIEWS, type View } from "../state/route";
import { SAMPLES } from "../state/samples";
import { leave, openFile, openSample, verifyOpen } from "../state/session";
import { switchTheme } from "../state/theme";
import { phase, stop } from "../state/verifying";
import { copied } from "../ui/clipboard";
import { pick } from "./pick";

export interface Command {
  title: string;
  /** A key as `KeyboardEvent.key` names it; with `mod` it goes with Ctrl or Cmd. */
  key?: string;
  mod?: boolean;
  group: string;
  /** Whether it makes sense now; always, where it is left out. */
  when?: () => boolean;
  run: () => void;
}

export const VIEW_NAMES: Readonly<Record<View, string>> = {
  overview: "Overview",
  structure: "Structure",
  integrity: "Integrity",
  health: "Health",
  vectors: "Vectors",
  map: "Map",
  attached: "Attachments",
  compare: "Compare",
};

const [isHelpOpen, setHelpOpen] = createSignal(false);
const [isPaletteOpen, setPaletteOpen] = createSignal(false);
const [isLineOpen, setLineOpen] = createSignal(false);
export { isHelpOpen, isLineOpen, isPaletteOpen, setHelpOpen, setLineOpen, setPaletteOpen };

/** Puts the cursor into the field of the view that is there to search with. */
function search(): void {
  const field = document.querySelector<HTMLInputElement>("main input[type=search], main input[type=url]");
  field?.focus();
  field?.select();
}

const hasFile = (): boolean => openFile() !== undefined;
const canVerify = (): boolean => hasFile() && openFile()?.inspection.kind !== "faiss";

const isRunning = (): boolean => [phase(), examination.phase(), drawing.phase()].includes("running");
const stopRunning = (): void => {
  stop();
  examination.stop();
  drawing.stop();
};

export const COMMANDS: readonly Command[] = [
  ...VIEWS.map(
    (view, at): Command => ({ title: VIEW_NAMES[view], key: String(at + 1), group: "Go to", when: hasFile, run: () => go({ view }) }),
  ),
  { title: "Open a file…", key: "o", group: "File", run: () => void pick() },
  ...SAMPLES.map((sample): Command => ({ title: `Open the sample: ${sample.title}`, group: "File", run: () => void openSample(sample.name) })),
  { title: "Close the file", key: "x", group: "File", when: hasFile, run: leave },
  {
    title: "Verify, or go on",
    key: "v",
    group: "File",
    when: () => canVerify() && phase() !== "running" && phase() !== "done",
    run: () => {
      go({ view: "integrity" });
      verifyOpen();
    },
  },
  { title: "Stop what is running", key: "s", group: "File", when: isRunning, run: stopRunning },
  { title: "Search in this view", key: "/", group: "View", run: search },
  { title: "Show me the line", key: "l", group: "View", when: hasFile, run: () => setLineOpen(!isLineOpen()) },
  { title: "Copy the address of this view", key: "y", group: "View", when: () => route().url !== undefined || route().sample !== undefined, run: () => void copied(link()).then((isDone) => isDone && say("The address is copied")) },
  { title: "Light or dark", key: "t", group: "View", run: switchTheme },
  { title: "All commands", key: "k", mod: true, group: "Help", run: () => setPaletteOpen(true) },
  { title: "Keys", key: "?", group: "Help", run: () => setHelpOpen(true) },
];

/** The commands that make sense now. */
export const available = (): readonly Command[] => COMMANDS.filter(({ when }) => when?.() ?? true);

/** How a command's key is printed. */
export function keyName({ key, mod }: Command): string | undefined {
  if (key === undefined) return undefined;
  const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
  return mod ? `${isApple ? "⌘" : "Ctrl\u202f"}${key.toUpperCase()}` : key;
}
