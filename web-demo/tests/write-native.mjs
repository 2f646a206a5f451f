// Writes `native.json`: what the native command says of the files that the tests open.
//
//     node tests/write-native.mjs FAISSIL     after `npm run build`, which puts the samples together
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const here = import.meta.dirname;
const root = resolve(here, "../..");
const command = resolve(process.argv[2] ?? join(root, "target/release/faissil"));
const samples = join(here, "../dist/samples");
const files = [
  ...readdirSync(samples).map((name) => join(samples, name)),
  ...JSON.parse(readFileSync(join(here, "fixtures.json"), "utf8")).map((path) => join(root, path)),
];
// Reports name the file as it was given: in a folder of its own that is the bare name.
const folder = mkdtempSync(join(tmpdir(), "native-"));
const said = {};
for (const path of files) {
  const name = basename(path);
  copyFileSync(path, join(folder, name));
  said[name] = { inspect: json("inspect", name), verify: json("verify", name) };
}
rmSync(folder, { recursive: true });
writeFileSync(join(here, "native.json"), `${JSON.stringify(said, null, 1)}\n`);

function json(verb, name) {
  const options = { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
  // Exit codes 1 and 2 are answers: damage, and nothing to verify against.
  let text;
  try {
    text = execFileSync(command, [verb, "--json", name], options);
  } catch (error) {
    text = error.stdout;
  }
  return text.trim() === "" ? null : JSON.parse(text);
}
