// The digest that a link expects, held against those that a file has.
import type { Inspection } from "./json";

/** Nothing is expected; it is the one of the snapshot, or of the FAISS stream in it; it is neither; the file records none; or it is no digest at all. */
export type Match = "nothing" | "snapshot" | "stream" | "other" | "none recorded" | "no digest";

/** How a file and an expected digest, in hex, go together. */
export function match(facts: Pick<Inspection, "snapshot_digest" | "stream">, expected: string | undefined): Match {
  const digest = (expected ?? "").trim().toLowerCase();
  if (digest === "") return "nothing";
  if (!/^[0-9a-f]{64}$/.test(digest)) return "no digest";
  if (digest === facts.snapshot_digest) return "snapshot";
  if (digest === facts.stream.blake3) return "stream";
  return facts.snapshot_digest === null ? "none recorded" : "other";
}

/** The same as a sentence; empty where nothing is expected. */
export function said(found: Match, isVerified: boolean): string {
  switch (found) {
    case "snapshot":
      return isVerified ? "It is the snapshot that is expected, and every byte of it is intact." : "It says that it is the snapshot that is expected. Verify it to know.";
    case "stream":
      return isVerified ? "It holds the index that is expected, and every byte of it is intact." : "It says that it holds the index that is expected. Verify it to know.";
    case "other":
      return "It is not the one that is expected: it has other digests.";
    case "none recorded":
      return "Whether it is the one that is expected cannot be told: it records no digest.";
    case "no digest":
      return "What is expected is no digest: one has 64 hex digits.";
    case "nothing":
      return "";
  }
}
