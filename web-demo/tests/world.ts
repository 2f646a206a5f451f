// What every test has: the built page on a server of its own, a page that is watched for requests to anywhere else, and
// the ways to open a file.
import { expect, test as base, type Page } from "@playwright/test";
import { serveFile, servePage, type Bytes, type FileServer, type Running } from "./servers.ts";
import type { TestFile } from "./files.ts";

interface World {
  /** Serves the page. */
  site: Running;
  /** Serves a file from another origin. */
  serve: (name: string, bytes: Bytes) => Promise<FileServer>;
  /** Origins that the page may talk to, besides its own. */
  allowed: Set<string>;
  /** Opens the page, at a hash. */
  visit: (hash?: string) => Promise<void>;
}

export const test = base.extend<World>({
  site: async ({}, use) => {
    const site = await servePage();
    await use(site);
    site.close();
  },
  allowed: async ({ site }, use) => {
    await use(new Set([site.origin]));
  },
  serve: async ({ allowed }, use) => {
    const servers: FileServer[] = [];
    await use(async (name, bytes) => {
      const server = await serveFile(name, bytes);
      servers.push(server);
      allowed.add(server.origin);
      return server;
    });
    for (const server of servers) server.close();
  },
  visit: async ({ page, site }, use) => {
    await use(async (hash = "") => {
      await page.goto(`${site.origin}/${hash}`);
      await expect(page.locator("#main")).toBeVisible();
    });
  },
  // Whatever a test does, the page asks nobody but those it may ask, and throws nothing.
  page: async ({ page, allowed }, use) => {
    const elsewhere: string[] = [];
    const thrown: string[] = [];
    page.context().on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (/^https?:$/.test(protocol) && !allowed.has(origin)) elsewhere.push(request.url());
    });
    page.on("pageerror", (error) => thrown.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy/.test(message.text())) thrown.push(message.text());
    });
    await use(page);
    expect(elsewhere, "requests to anywhere else").toEqual([]);
    expect(thrown, "errors of the page").toEqual([]);
  },
});
export { expect };

/** Opens a file, of the test or on disk, by the picker. Chromium's newer picker cannot be driven, so the page is left with the older one. */
export async function pick(page: Page, file: Pick<TestFile, "name" | "bytes"> | string): Promise<void> {
  await page.evaluate(() => Reflect.deleteProperty(window, "showOpenFilePicker"));
  const choosing = page.waitForEvent("filechooser");
  // Once around, so that the browser knows that somebody waits for its picker.
  await page.evaluate(() => document.body.focus());
  await page.keyboard.press("o");
  await (await choosing).setFiles(typeof file === "string" ? file : { name: file.name, mimeType: "application/octet-stream", buffer: file.bytes });
}

/** Opens a file by dropping it on the middle of the page. */
export async function drop(page: Page, file: Pick<TestFile, "name" | "bytes">): Promise<void> {
  const data = await page.evaluateHandle(
    ({ name, text }) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
      return transfer;
    },
    { name: file.name, text: file.bytes.toString("base64") },
  );
  await page.dispatchEvent("#main", "dragenter", { dataTransfer: data });
  await page.dispatchEvent("#main", "drop", { dataTransfer: data });
}

/** The overview of a file is there. */
export async function expectOverview(page: Page, file: Pick<TestFile, "name" | "inspect">): Promise<void> {
  await expect(page.locator(".top-name")).toHaveText(file.name);
  if (file.inspect.description !== undefined) await expect(page.getByRole("heading", { level: 1 })).toHaveText(file.inspect.description);
}
