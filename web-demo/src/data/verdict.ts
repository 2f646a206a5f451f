// The one sentence that someone who opens a file wants to read.
import type { Match } from "./expected";
import { count, plural, size } from "./format";
import type { Inspection, Verification } from "./json";

export type Tone = "intact" | "damaged" | "unchecked" | "plain";

export interface Verdict {
  tone: Tone;
  /** One or two words, for the badge. */
  word: string;
  sentence: string;
}

/** Ids that are lost in all damage together, counted once per damaged place. */
export function lost(report: Verification): bigint {
  return report.damage.reduce((sum, each) => sum + BigInt(each.ids_lost.count), 0n);
}

/** What can be said of a file, given how far it is checked and how it goes with the digest that is expected. */
export function verdict(inspection: Inspection, report: Verification | undefined, expected: Match): Verdict {
  const { fault } = inspection;
  if (inspection.kind === "faiss") {
    if (fault) {
      return { tone: "damaged", word: "incomplete", sentence: `It cannot be followed to its end: ${fault.message}.` };
    }
    return {
      tone: "plain",
      word: "not verifiable",
      sentence: "A plain FAISS file carries no digests, so nobody can tell whether its bytes are the ones that were written.",
    };
  }
  // Whatever its bytes are, it is not the file that was asked for.
  if (expected === "other" && report?.ok !== false) {
    const bytes = report ? "Every byte of it is what it was when it was made, but it" : "It";
    return { tone: "damaged", word: "another file", sentence: `${bytes} has other digests than the one that is expected.` };
  }
  if (!report) {
    return {
      tone: "unchecked",
      word: "as recorded",
      sentence: "This is what the snapshot records of itself. Its bytes have not been checked yet.",
    };
  }
  if (report.ok === true) {
    return {
      tone: "intact",
      word: "intact",
      sentence: `Every byte is what it was when the snapshot was made: ${size(report.bytes)} in ${plural(report.chunks, "chunk")}.`,
    };
  }
  const ids = lost(report);
  const where = plural(report.damage.length, "place");
  const what = ids > 0n ? `${count(ids)} ${ids === 1n ? "id is" : "ids are"} lost` : "no id is lost";
  return { tone: "damaged", word: "damaged", sentence: `Its bytes are not the recorded ones in ${where}; ${what}.` };
}
