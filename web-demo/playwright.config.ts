// End-to-end tests against the built page, in Debian's Chromium, with nothing but this machine to talk to.
import { defineConfig } from "@playwright/test";
import { launch } from "./tests/chromium.ts";

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  // A busy machine: what fails once and then passes is listed as flaky.
  retries: 2,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  globalSetup: "./tests/setup.ts",
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    launchOptions: launch(),
  },
});
