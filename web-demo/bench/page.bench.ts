// How soon the page is there, how soon it shows a file, and how fast it verifies; Netron beside it where that does the like.
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { test } from "../tests/world.ts";
import { at, median, row, shown, turns } from "./rows.ts";

const TURNS = 7;
const MIB = 1 << 20;

/** Netron, from its Python package, on a port of its own. */
async function netron(): Promise<{ origin: string; close: () => void }> {
  const code = "import netron, time; print('http://%s:%d' % netron.start(None, browse=False), flush=True); time.sleep(1e6)";
  const running = spawn(process.env.FAISSIL_PYTHON ?? "python3", ["-c", code], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface(running.stdout)) {
    const found = /http:\/\/[\w.:]+/.exec(line);
    if (found) return { origin: found[0].replace("localhost", "127.0.0.1"), close: () => void running.kill() };
  }
  throw new Error("Netron did not start");
}

/** A page in a browser that has seen nothing yet. */
async function fresh(browser: Browser, use: (page: Page, context: BrowserContext) => Promise<number>): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    return await use(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

/** Milliseconds from asking for a page to the first thing that is seen of it. */
const firstPaint = (browser: Browser, url: string): Promise<number> =>
  fresh(browser, async (page) => {
    await page.goto(url);
    return page.evaluate(
      () =>
        new Promise<number>((done) => {
          new PerformanceObserver((list) => {
            for (const entry of list.getEntriesByName("first-contentful-paint")) done(entry.startTime);
          }).observe({ type: "paint", buffered: true });
        }),
    );
  });

/** Milliseconds from dropping a file on a page until `there`, a selector or more, is painted. */
async function fromDrop(page: Page, path: string, there: readonly string[]): Promise<number> {
  const client = await page.context().newCDPSession(page);
  // By the protocol, as Netron takes `eval` away, which Playwright's own way needs.
  const expression = `(${whenPainted.toString()})(${JSON.stringify(there)})`;
  const taken = client.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) await client.send("Input.dispatchDragEvent", { type, x: 640, y: 500, data });
  const { result, exceptionDetails } = await taken;
  if (exceptionDetails) throw new Error(exceptionDetails.text);
  return Number(result.value);
}

/** In the page: milliseconds from the next drop until all these are painted. */
const whenPainted = (selectors: readonly string[]): Promise<number> =>
  new Promise((done) => {
    let dropped = 0;
    addEventListener("drop", () => (dropped = performance.now()), { capture: true, once: true });
    const look = (): void => {
      if (dropped === 0 || !selectors.every((each) => document.querySelector(each))) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - dropped)));
    };
    const watch = new MutationObserver(look);
    watch.observe(document.documentElement, { childList: true, subtree: true, attributes: true });
  });

const OVERVIEW = [".facts dd", ".strip", ".top-name"];

test("first visit", async ({ browser, site }) => {
  const rival = await netron();
  const bytes = await loaded(browser, site.origin);
  row("HTML, CSS and JavaScript of a first visit, gzipped", bytes / 1024, "KiB", ["≤", 60], `Netron: ${shown((await loaded(browser, rival.origin)) / 1024)} KiB`);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let turn = 0; turn <= TURNS; turn++) {
    const [mine, other] = [await firstPaint(browser, site.origin), await firstPaint(browser, rival.origin)];
    if (turn > 0) {
      ours.push(mine);
      theirs.push(other);
    }
  }
  row("first contentful paint, on loopback", median(ours), "ms", ["≤", 300], `Netron: ${shown(median(theirs))} ms`);
  rival.close();
});

/** Bytes of all text that a page asks for until it is quiet, gzipped each. */
const loaded = (browser: Browser, url: string): Promise<number> =>
  fresh(browser, async (page, context) => {
    const bodies: Promise<number>[] = [];
    context.on("response", (response) => {
      if (/html|css|javascript/.test(response.headers()["content-type"] ?? "")) bodies.push(response.body().then((body) => gzipSync(body, { level: 9 }).length, () => 0));
    });
    await page.goto(url, { waitUntil: "networkidle" });
    return (await Promise.all(bodies)).reduce((sum, length) => sum + length, 0);
  });

test("a file is dropped", async ({ browser, site }) => {
  const rival = await netron();
  const theirs = await turns(TURNS, () =>
    fresh(browser, async (page) => {
      await page.goto(rival.origin, { waitUntil: "networkidle" });
      await page.getByRole("button", { name: "Accept" }).click();
      return fromDrop(page, at("one.safetensors"), ["#target .node"]);
    }),
  );
  rival.close();
  for (const [size, name, other] of [
    ["1 GiB", "random.faissil", `Netron, safetensors of 1 GiB: ${shown(theirs)} ms`],
    ["10 GiB", "flat10.faissil", ""],
  ] as const) {
    let read = "";
    const ours = await turns(TURNS, () =>
      fresh(browser, async (page) => {
        await page.goto(site.origin, { waitUntil: "networkidle" });
        const taken = await fromDrop(page, at(name), OVERVIEW);
        read = (await page.locator(".meter-read").textContent()) ?? "";
        return taken;
      }),
    );
    row(`a snapshot of ${size} is dropped: until its overview is painted`, ours, "ms", ["≤", 150], other);
    row("what this reads of it", bytesOf(read) / MIB, "MiB", ["≤", 1]);
  }
});

/** The bytes that the meter shows as read. */
function bytesOf(meter: string): number {
  const [, value, unit] = /read ([\d.,]+)\s(\w+)/.exec(meter) ?? [];
  const units: Readonly<Record<string, number>> = { bytes: 1, B: 1, KiB: 1 << 10, MiB: MIB, kB: 1e3, MB: 1e6 };
  const scale = units[unit ?? ""];
  if (value === undefined || scale === undefined) throw new Error(`no number in: ${meter}`);
  return Number(value.replace(",", "")) * scale;
}

test("verification", async ({ browser, site }) => {
  const rates: number[] = [];
  const cancels: number[] = [];
  let longest = 0;
  const { size } = statSync(at("random.faissil"));
  for (let turn = 0; turn < 4; turn++) {
    await toIntegrity(browser, site.origin, async (page) => {
      rates.push(size / 1e3 / (await pressed(page, "Verify", /Intact/)));
      longest = Math.max(longest, ...(await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks)));
    });
    await toIntegrity(browser, site.origin, async (page) => {
      await page.keyboard.press("v");
      await page.waitForTimeout(500);
      cancels.push(await pressed(page, "Stop", /Stopped/));
    });
  }
  row("verification in the tab, 1 GiB", median(rates), "MB/s", ["≥", 250]);
  row("longest task on the page's thread meanwhile", longest, "ms", ["≤", 50]);
  row("from cancelling until it has stopped", median(cancels), "ms", ["≤", 100]);
});

/** A page that is about to verify 1 GiB, and notes its long tasks from now on. */
const toIntegrity = (browser: Browser, origin: string, use: (page: Page) => Promise<void>): Promise<number> =>
  fresh(browser, async (page) => {
    await page.goto(origin, { waitUntil: "networkidle" });
    await fromDrop(page, at("random.faissil"), OVERVIEW);
    await page.evaluate(() => {
      location.hash = "#view=integrity";
      const tasks: number[] = [];
      Object.assign(window, { tasks });
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
    });
    await page.getByRole("heading", { level: 1, name: "Not verified yet" }).waitFor();
    await use(page);
    return 0;
  });

/** Milliseconds from a press of a button until the heading says so. */
async function pressed(page: Page, name: string, said: RegExp): Promise<number> {
  const taken = page.evaluate(
    ([label, pattern]) =>
      new Promise<number>((done) => {
        const heading = new RegExp(pattern);
        const button = [...document.querySelectorAll("button")].find((each) => each.textContent.includes(label));
        if (!button) throw new Error(`no button ${label}`);
        const since = performance.now();
        const look = (): void => {
          if (!heading.test(document.querySelector("h1")?.textContent ?? "")) return;
          watch.disconnect();
          done(performance.now() - since);
        };
        const watch = new MutationObserver(look);
        watch.observe(document.documentElement, { childList: true, subtree: true, characterData: true });
        button.click();
      }),
    [name, said.source] as const,
  );
  return taken;
}
