// Builds dist/: index.html, and under assets/ everything else, named by its hash. `--size` checks the first load's weight.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 60_000;
const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
/** What a browser fetches before it shows a picture. */
const firstLoad = [];
/** What is in the folder when all is done. */
const kept = new Set();

async function bundle(entry, format = "esm") {
  const result = await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: ["chrome109", "firefox130", "safari17"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    outdir: dist,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

async function put(name, bytes) {
  const path = join(dist, name);
  await mkdir(dirname(path), { recursive: true });
  const packed = gzipSync(bytes, { level: 9 });
  await write(path, bytes);
  await write(`${path}.gz`, packed);
  firstLoad.push({ name, raw: bytes.length, gzip: packed.length });
}

/** Leaves a file alone that is the same already: programs that embed it are compiled anew when it changes. */
async function write(path, bytes) {
  kept.add(path);
  const before = await readFile(path).catch(() => undefined);
  if (!before?.equals(bytes)) await writeFile(path, bytes);
}

async function removeOthers(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeOthers(path);
    else if (!kept.has(path)) await rm(path);
  }
}

async function asset(name, extension, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const path = `assets/${name}-${hash}.${extension}`;
  await put(path, bytes);
  return path;
}

const first = await asset("first", "js", await bundle("src/first.ts", "iife"));
const main = await asset("main", "js", await bundle("src/main.tsx"));
const style = await asset("style", "css", await bundle("src/ui/style.css"));
const icon = await asset("icon", "svg", await readFile(join(root, "static/icon.svg")));
const page = (await readFile(join(root, "static/index.html"), "utf8"))
  .replace("{{first}}", first)
  .replace("{{main}}", main)
  .replace("{{style}}", style)
  .replace("{{icon}}", icon);
await put("index.html", Buffer.from(page));

// The wall, whose weight is its own.
const viewer = firstLoad.length;
const names = { wall: await asset("wall", "js", await bundle("src/wall/main.tsx")), wallStyle: await asset("wall", "css", await bundle("src/wall/wall.css")), icon };
const wall = await readFile(join(root, "static/wall.html"), "utf8");
await put("wall.html", Buffer.from(Object.entries(names).reduce((text, [name, path]) => text.replace(`{{${name}}}`, path), wall)));
await removeOthers(dist);

const total = firstLoad.slice(0, viewer).reduce((sum, file) => sum + file.gzip, 0);
for (const { name, raw, gzip } of firstLoad) console.log(`${String(gzip).padStart(7)} gz ${String(raw).padStart(8)}  ${name}`);
console.log(`${String(total).padStart(7)} gz for the viewer, of ${LIMIT}`);
if (process.argv.includes("--size") && total > LIMIT) {
  console.error(`The first load is ${total - LIMIT} bytes too heavy.`);
  process.exitCode = 1;
}
