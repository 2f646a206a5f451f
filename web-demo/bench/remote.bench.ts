// How little is asked for over the network, and how fast one core hashes: the package that the page is built on.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { open } from "faissil";
import { serveFile, type Bytes } from "../tests/servers.ts";
import { at, row, shown, turns } from "./rows.ts";

const MIB = 1 << 20;

/** A file that is read where it is asked for. */
function onDisk(path: string): Bytes & { close: () => void } {
  const file = openSync(path, "r");
  const subarray = (from: number, to: number): Uint8Array => {
    const bytes = new Uint8Array(to - from);
    readSync(file, bytes, 0, bytes.length, from);
    return bytes;
  };
  return { length: statSync(path).size, subarray, close: () => closeSync(file) };
}

/** An id that is in the file, by its row. */
const ROW = 7_654_321;

for (const [name, what, most] of [
  ["flat10.faissil", "IDMap,Flat", 4],
  ["lists10.faissil", "IVF4096,Flat", 5],
] as const) {
  test(`a remote ${what}`, async () => {
    const file = onDisk(at(name));
    const server = await serveFile(name, file);
    try {
      const index = await open(server.url);
      await index.inspect();
      const [requests, bytes] = [server.asked.length, server.sent()];
      row(`a remote snapshot of 10 GiB, \`${what}\`, to its overview`, requests, "requests", ["≤", 3]);
      row("bytes of it", bytes / 1024, "KiB", ["≤", 256]);
      // Its id by another connection, so that nothing of it is there already.
      const other = await open(server.url);
      const id = await other.idOf(ROW);
      other.close();
      const before = { requests: server.asked.length, bytes: server.sent() };
      const found = await index.vectors({ ids: [id] });
      expect(found.rows).toEqual([ROW]);
      row("then a vector by its id, with an id index", server.asked.length - before.requests, "requests", ["≤", most]);
      row("bytes of it", (server.sent() - before.bytes) / MIB, "MiB", ["≤", 2]);
      index.close();
    } finally {
      server.close();
      file.close();
    }
  });
}

test("hashing", async () => {
  const bytes = readFileSync(at("random.faissil"));
  const ours = await turns(5, async () => {
    const index = await open(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    const since = performance.now();
    expect((await index.verify()).ok).toBe(true);
    const taken = performance.now() - since;
    index.close();
    return taken;
  });
  const { FAISSIL_B3SUM: b3sum = "b3sum" } = process.env;
  const theirs = await turns(5, () => {
    const since = performance.now();
    expect(spawnSync(b3sum, ["--num-threads", "1", at("random.faissil")]).status).toBe(0);
    return Promise.resolve(performance.now() - since);
  });
  const rate = (taken: number): string => `${shown(bytes.length / 1e6 / taken)} GB/s`;
  row("verification in Node, of one native core", (theirs / ours) * 100, "%", ["≥", 18], `\`b3sum\` on one core: ${rate(theirs)}, here ${rate(ours)}`);
});
