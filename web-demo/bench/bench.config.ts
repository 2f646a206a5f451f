// Benchmarks of the built page: `cargo xtask bench --web` makes the files and runs this, one after the other.
import { defineConfig } from "@playwright/test";
import tests from "../playwright.config.ts";

export default defineConfig({ ...tests, testDir: ".", testMatch: "*.bench.ts", globalSetup: "../tests/setup.ts", workers: 1, fullyParallel: false, timeout: 600_000 });
