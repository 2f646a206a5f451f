// How Chromium is started: Debian's, headless, and asking nobody on its own.
import { existsSync } from "node:fs";

const path = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((each) => each !== undefined && existsSync(each));

/** Launch options of Playwright, with more arguments where a test needs another browser. */
export const launch = (...more: readonly string[]): { executablePath?: string; args: string[] } => ({
  ...(path === undefined ? {} : { executablePath: path }),
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...more],
});
