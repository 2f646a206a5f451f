// Two servers on this machine: one that serves the built page, and one that serves an index file from another origin,
// counts what it is asked for, and misbehaves on request.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readFileSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { extname, resolve } from "node:path";

const DIST = resolve(import.meta.dirname, "../dist");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

export interface Running {
  origin: string;
  close: () => void;
}

/** Serves `dist/`. */
export const servePage = (): Promise<Running> =>
  serveFiles((path) => {
    const file = resolve(DIST, `.${path === "/" ? "/index.html" : path}`);
    return file.startsWith(DIST) ? file : undefined;
  });

/** Serves files, with ranges as every static server has them; `find` says which one a path of an address is. */
export async function serveFiles(find: (path: string) => string | undefined): Promise<Running> {
  const server = createServer((request, response) => {
    const file = find(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname));
    if (file === undefined || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    send(request, response, readFileSync(file), { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
  });
  return listen(server);
}

/** What the second server does otherwise than it should. */
export interface Behaviour {
  /** It has no Access-Control-Allow-Origin. */
  noCors?: boolean;
  /** It answers every request with the whole file. */
  noRanges?: boolean;
  /** It answers with this status. */
  status?: number;
  /** It refuses ranges from this request on, with 416. */
  unsatisfiableFrom?: number;
  /** From this request on the file is another one of the same length. */
  changesFrom?: number;
  /** It breaks off in the middle of this request. */
  breaksAt?: number;
  /** It sends at most so many bytes of a range. */
  shortest?: number;
  /** It refuses HEAD. */
  noHead?: boolean;
  /** It waits so many milliseconds before each answer to a range. */
  waits?: number;
}

export interface FileServer extends Running {
  url: string;
  /** Method and range of each request. */
  asked: string[];
  /** Bytes of bodies that were sent. */
  sent: () => number;
  behave: Behaviour;
}

/** A file that need not be in memory. */
export interface Bytes {
  length: number;
  subarray: (from: number, to: number) => Uint8Array;
}

/** Serves one file under this name. */
export async function serveFile(name: string, bytes: Bytes): Promise<FileServer> {
  const it: FileServer = { origin: "", url: "", asked: [], sent: () => sent, behave: {}, close: () => undefined };
  let sent = 0;
  const server = createServer((request, response) => {
    const { behave } = it;
    it.asked.push(`${request.method ?? ""} ${request.headers.range ?? ""}`.trim());
    const cors = behave.noCors ? {} : { "access-control-allow-origin": "*", "access-control-expose-headers": "etag" };
    const ranged = it.asked.filter((each) => each.includes("bytes=")).length;
    const answer = (status: number): void => {
      response.writeHead(status, cors).end();
    };
    if (behave.status !== undefined) {
      answer(behave.status);
      return;
    }
    if (request.method === "HEAD" && behave.noHead) {
      answer(405);
      return;
    }
    if (request.headers.range !== undefined) {
      if (behave.unsatisfiableFrom !== undefined && ranged >= behave.unsatisfiableFrom) {
        answer(416);
        return;
      }
      if (behave.breaksAt === ranged) {
        response.writeHead(206, { ...cors, "content-length": 1000 }).write("half");
        setTimeout(() => response.destroy(), 10);
        return;
      }
      if (behave.noRanges) delete request.headers.range;
    }
    const changed = behave.changesFrom !== undefined && ranged >= behave.changesFrom;
    const go = (): void => {
      sent += send(request, response, bytes, { ...cors, etag: changed ? '"two"' : '"one"' }, behave.shortest);
    };
    if (behave.waits === undefined) go();
    else setTimeout(go, behave.waits);
  });
  Object.assign(it, await listen(server));
  it.url = `${it.origin}/${name}`;
  return it;
}

/** Answers with the file, or the range that is asked for; gives the length of the body. */
function send(request: IncomingMessage, response: ServerResponse, bytes: Bytes, headers: Record<string, string>, most = Infinity): number {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const from = Number(range?.[1] ?? 0);
  const asked = range?.[2] ? Number(range[2]) + 1 : bytes.length;
  const to = Math.min(asked, bytes.length, range ? from + most : Infinity);
  const body = request.method === "HEAD" ? new Uint8Array() : bytes.subarray(from, to);
  const content = range ? { "content-range": `bytes ${from}-${to - 1}/${bytes.length}` } : {};
  response.writeHead(range ? 206 : 200, { ...headers, ...content, "accept-ranges": "bytes", "content-length": to - from });
  response.end(body);
  return body.length;
}

function listen(server: Server): Promise<Running> {
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      const close = (): void => {
        server.closeAllConnections();
        server.close();
      };
      done({ origin: `http://127.0.0.1:${port}`, close });
    });
  });
}

const TALL = 100_000_000;

/** A flat index of 100 million rows of one dimension, of which only the header is written down; all values are zero. */
export function tall(): Bytes {
  const head = Buffer.alloc(45);
  head.write("IxF2");
  head.writeInt32LE(1, 4);
  head.writeBigInt64LE(BigInt(TALL), 8);
  head.writeBigInt64LE(1n << 20n, 16);
  head.writeBigInt64LE(1n << 20n, 24);
  head.writeUInt8(1, 32);
  head.writeInt32LE(1, 33);
  head.writeBigUInt64LE(BigInt(TALL), 37);
  return {
    length: head.length + 4 * TALL,
    subarray: (from, to) => {
      const bytes = Buffer.alloc(to - from);
      if (from < head.length) head.copy(bytes, 0, from, Math.min(to, head.length));
      return bytes;
    },
  };
}
