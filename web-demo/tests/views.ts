// Every screen there is, and when it is ready to be looked at.
import { expect, type Page } from "@playwright/test";

export interface Screen {
  name: string;
  hash: string;
  ready: (page: Page) => Promise<void>;
}

const heading = (text: string | RegExp) => async (page: Page) => {
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(text);
};

export const VIEWS: readonly Screen[] = [
  { name: "start", hash: "", ready: heading(/See what is/) },
  { name: "overview", hash: "#sample=hnsw", ready: heading("IDMap2,HNSW16") },
  { name: "structure", hash: "#sample=ivf&view=structure", ready: async (page) => expect(page.getByRole("cell", { name: "nprobe" }).first()).toBeVisible() },
  {
    name: "structure-array",
    hash: "#sample=hnsw&view=structure&part=index.storage.codes",
    ready: async (page) => {
      await page.getByRole("button", { name: "Show bytes" }).click();
      await expect(page.locator(".hex-bytes").first()).toContainText("c9");
    },
  },
  {
    name: "integrity",
    hash: "#sample=damaged&view=integrity",
    ready: async (page) => {
      await heading("Not verified yet")(page);
      await page.keyboard.press("v");
      await heading("Damaged")(page);
    },
  },
  {
    name: "overview-damaged",
    hash: "#sample=damaged",
    ready: async (page) => {
      await heading("IDMap2,HNSW16")(page);
      await page.keyboard.press("v");
      await heading("Damaged")(page);
      await page.keyboard.press("1");
      await expect(page.getByText("See what is lost")).toBeVisible();
    },
  },
  { name: "health-ivf", hash: "#sample=ivf&view=health", ready: heading(/good health|to look at/) },
  { name: "health-hnsw", hash: "#sample=hnsw&view=health", ready: heading(/good health|to look at/) },
  { name: "health-damaged", hash: "#sample=damaged&view=health", ready: heading(/Damaged in part|to look at/) },
  {
    name: "map",
    hash: "#sample=ivf&view=map&row=17",
    ready: async (page) => {
      await expect(page.getByText("All 2 000 exact vectors")).toBeVisible();
      await expect(page.locator(".map-chosen")).toContainText("row 17");
    },
  },
  {
    name: "map-chosen",
    hash: "#sample=hnsw&view=map&colour=norm",
    ready: async (page) => {
      await page.getByRole("button", { name: "Nearer" }).click();
      await page.getByRole("button", { name: "Nearer" }).click();
      await page.getByRole("button", { name: "Choose what is in sight" }).click();
      await expect(page.getByText(/of 2\s000\spoints chosen/)).toBeVisible();
    },
  },
  { name: "vectors", hash: "#sample=hnsw&view=vectors&row=17", ready: async (page) => expect(page.locator(".vector-values li").first()).toBeVisible() },
  { name: "attached", hash: "#sample=ivf&view=attached", ready: async (page) => expect(page.locator(".files-one pre")).toContainText("cargo") },
  {
    name: "compare",
    hash: "#sample=hnsw&view=compare",
    ready: async (page) => {
      await page.getByRole("button", { name: "IVF, healthy" }).click();
      await expect(page.getByText("2 000 ids in both")).toBeVisible();
    },
  },
  {
    name: "palette",
    hash: "#sample=ivf",
    ready: async (page) => {
      await heading("IVF32,Flat")(page);
      await page.keyboard.press("Control+k");
      await expect(page.getByRole("option").first()).toBeVisible();
    },
  },
  {
    name: "keys",
    hash: "#sample=ivf",
    ready: async (page) => {
      await heading("IVF32,Flat")(page);
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
    },
  },
  { name: "failed", hash: "#sample=nothing", ready: async (page) => expect(page.getByRole("alert")).toBeVisible() },
];
