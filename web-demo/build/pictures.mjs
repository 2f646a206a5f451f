// Makes the pictures of `docs/pictures` from the screenshots that the tests leave: smaller, and as WebP, by Chromium itself.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { chromium } from "@playwright/test";

const here = import.meta.dirname;
const PICTURES = { overview: "overview-damaged", health: "health-hnsw", map: "map" };
const WIDTH = 960;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage();
const folder = resolve(here, "../../docs/pictures");
mkdirSync(folder, { recursive: true });
let total = 0;
for (const [name, screen] of Object.entries(PICTURES)) {
  for (const theme of ["light", "dark"]) {
    const png = readFileSync(resolve(here, `../screenshots/${screen}-${theme}-1280.png`)).toString("base64");
    const webp = await page.evaluate(
      async ([png, width]) => {
        const picture = new Image();
        picture.src = `data:image/png;base64,${png}`;
        await picture.decode();
        const canvas = document.createElement("canvas");
        canvas.width = width;
        canvas.height = Math.round((picture.height * width) / picture.width);
        const paint = canvas.getContext("2d");
        paint.imageSmoothingQuality = "high";
        paint.drawImage(picture, 0, 0, canvas.width, canvas.height);
        return canvas.toDataURL("image/webp", 0.8).split(",")[1];
      },
      [png, WIDTH],
    );
    const path = resolve(folder, `${name}-${theme}.webp`);
    writeFileSync(path, Buffer.from(webp, "base64"));
    total += statSync(path).size;
    console.log(statSync(path).size, path);
  }
}
await browser.close();
if (total > 300_000) throw new Error(`${total} bytes of pictures, more than 300 000`);
