// Builds the page when it is not built, and runs the browser tests.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
if (!existsSync(new URL("../dist/index.html", import.meta.url)) && run("build.mjs") !== 0) process.exit(1);
process.exit(run("--test", "--test-concurrency=1", ...process.argv.slice(2), "e2e/viewer.test.mjs", "e2e/wall.test.mjs"));
