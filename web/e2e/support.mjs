// What the browser tests share: one browser, a mock desktop and a page for each test.
import assert from "node:assert/strict";
import { launch } from "../dev/browser.mjs";
import { mockDesktop } from "../dev/mock-server.mjs";

export const TOKEN = "Zm9yLXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LXRva2Vu".slice(0, 43);
const LIMIT = 15_000;

let browser = null;

export async function closeBrowser() {
  await browser?.close();
}

/** Runs `body` with a desktop and an open page; whatever the page complains about fails the test. */
export async function withPage(options, body) {
  browser ??= await launch();
  const { desktop = {}, context: contextOptions = {}, settings = {}, hash = "", before = () => {}, complaints = [], host = "127.0.0.1" } = options;
  const mock = await mockDesktop({ pictures: { width: 640, height: 360 }, ...desktop });
  before(mock);
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, ...contextOptions });
  const page = await context.newPage();
  const said = [];
  page.on("pageerror", (error) => said.push(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
  await page.addInitScript((kept) => localStorage.setItem("lunette.settings", JSON.stringify(kept)), settings);
  try {
    await page.goto(mock.url.replace("127.0.0.1", host) + hash);
    await body({ page, mock, context });
    assert.deepEqual(said.filter((line) => !complaints.some((expected) => expected.test(line))), []);
  } finally {
    await context.close();
    mock.close();
  }
}

/** Waits until `ask` is truthy, and returns what it said. */
export async function until(ask, what) {
  const deadline = Date.now() + LIMIT;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) assert.fail(`not within ${LIMIT} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const stats = (page) => page.evaluate(() => window.__lunette.freshStats());
export const state = (page) => page.evaluate(() => window.__lunette.state());

/** Waits until the page shows a picture, with `more` painted ones than now. */
export async function painting(page, more = 2) {
  await page.waitForFunction(() => window.__lunette?.state().picture === true, null, { timeout: LIMIT });
  const { painted } = await stats(page);
  await until(async () => (await stats(page)).painted >= painted + more, `${more} pictures painted`);
}

/** Input that arrived, as hex; control messages as objects. */
export const input = (mock) => mock.received.filter(([type]) => type < 0x20).map((bytes) => bytes.toString("hex"));
export const controls = (mock) => mock.received.filter(([type]) => type === 0x20).map((bytes) => JSON.parse(bytes.subarray(1).toString()));
export const newest = (mock) => [...mock.viewers].at(-1);

/** The browser hides the tab, as far as pages can tell. */
export const setHidden = (page, hidden) =>
  page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
