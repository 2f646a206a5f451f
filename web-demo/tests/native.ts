// The native command, which the page is held against.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** A command that has the viewer: `cargo build --release --features viewer`, or where FAISSIL says. */
export const COMMAND = resolve(process.env.FAISSIL ?? join(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "release/faissil"));
if (!existsSync(COMMAND)) throw new Error(`there is no command at ${COMMAND}: cargo build --release --features viewer, or set FAISSIL`);

/** What it prints, also where it ends with 1 or 2, which says something about the file. */
export function run(folder: string, ...words: readonly string[]): string {
  try {
    return execFileSync(COMMAND, words, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 30, stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    const { status, stdout } = error as { status?: number; stdout?: string };
    if (typeof status === "number" && status <= 2 && stdout !== undefined) return stdout;
    throw error;
  }
}

/** What it says of a file, by its bare name. */
export function said(file: { name: string; bytes: Uint8Array }, verb: string, ...words: readonly string[]): unknown {
  const folder = mkdtempSync(join(tmpdir(), "native-"));
  try {
    writeFileSync(join(folder, file.name), file.bytes);
    return JSON.parse(run(folder, verb, ...words, file.name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
