// The wall in Debian's Chromium against a mock control plane: `npm run e2e`.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { launch } from "../dev/browser.mjs";
import { desktop, mockWall } from "../dev/mock-wall.mjs";
import { until } from "./support.mjs";

let browser = null;
after(() => browser?.close());

async function withWall(desktops, body, { fragment = "#login=good", complaints = [] } = {}) {
  browser ??= await launch();
  const mock = await mockWall();
  mock.desktops = desktops;
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  const page = await context.newPage();
  const said = [];
  page.on("pageerror", (error) => said.push(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
  try {
    await page.goto(mock.url + fragment);
    await body({ page, mock });
    assert.deepEqual(said.filter((line) => !complaints.some((expected) => expected.test(line))), []);
  } finally {
    await context.close();
    mock.close();
  }
}

/** A JPEG file of one colour, made by the browser. */
const jpeg = async (page, colour) => {
  const url = await page.evaluate((fill) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 18 });
    const context = canvas.getContext("2d");
    context.fillStyle = fill;
    context.fillRect(0, 0, 32, 18);
    return canvas.toDataURL("image/jpeg");
  }, colour);
  return Buffer.from(url.split(",")[1], "base64");
};

const colourOf = (page, id) =>
  page.evaluate((which) => {
    const image = document.querySelector(`[data-id="${which}"] img`);
    if (!image?.complete || image.naturalWidth === 0) return null;
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    context.drawImage(image, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  }, id);

const setHidden = (page, hidden) =>
  page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

const last = (mock) => mock.watched.at(-1)?.join();

test("a link logs in, leaves the address, and pictures are painted as they come", async () => {
  await withWall([desktop("a"), desktop("b", { state: "failed", why: "no room" })], async ({ page, mock }) => {
    await page.waitForSelector('[data-id="a"]');
    assert.deepEqual(mock.asked[0], ["POST", "/api/v1/session", { login: "good" }]);
    assert.equal(await page.evaluate(() => location.hash), "");
    await until(() => last(mock) === "a,b", "both are watched");
    mock.picture("a", 1, await jpeg(page, "#f00"));
    await until(async () => ((await colourOf(page, "a")) ?? [0])[0] > 200, "a red picture");
    mock.picture("a", 2, await jpeg(page, "#00f"));
    await until(async () => ((await colourOf(page, "a")) ?? [0, 0, 0])[2] > 200, "a blue picture");
    assert.equal(await page.textContent('[data-id="b"] .why'), "no room");
  });
});

test("a hidden wall, and one that shows a desktop whole, ask for no pictures", async () => {
  await withWall([desktop("a")], async ({ page, mock }) => {
    await until(() => last(mock) === "a", "it is watched");
    await setHidden(page, true);
    await until(() => last(mock) === "", "nothing is watched");
    await setHidden(page, false);
    await until(() => last(mock) === "a", "it is watched again");
    mock.picture("a", 1, await jpeg(page, "#0f0"));
    await until(() => colourOf(page, "a"), "a picture");
    const began = Date.now();
    await page.click('[data-id="a"]');
    await page.waitForSelector(".frame img");
    assert.ok(Date.now() - began < 1000, "it is shown whole at once");
    await until(() => last(mock) === "", "nothing is watched");
    await page.goBack();
    await until(() => last(mock) === "a", "it is watched again");
  });
});

test("keys walk the grid, the filter finds, and buttons ask", async () => {
  const all = ["one", "two", "three", "four"].map((id) => desktop(id));
  await withWall(all, async ({ page, mock }) => {
    await page.focus('[data-id="one"]');
    const focused = () => page.evaluate(() => document.activeElement?.dataset.id);
    await page.keyboard.press("ArrowRight");
    assert.equal(await focused(), "two");
    await page.keyboard.press("End");
    assert.equal(await focused(), "four");
    await page.keyboard.press("/");
    await page.keyboard.type("thr");
    await until(async () => (await page.locator(".card").count()) === 1, "one is left");
    await page.click(".card .actions button");
    await until(() => mock.asked.some(([, path]) => path === "/api/v1/desktops/three/stop"), "it is stopped");
    await page.click("text=New desktop");
    await page.selectOption("select", "sway");
    await page.click("dialog button.primary");
    const made = await until(() => mock.asked.find(([method, path]) => method === "POST" && path === "/api/v1/desktops"), "one is asked for");
    assert.deepEqual(made[2], { profile: "sway", size: "1280x720" });
  });
});

test("a connection that is lost comes back by itself, and a login that is over is asked for again", async () => {
  const complaints = [/WebSocket/, /401/];
  await withWall([desktop("a")], async ({ page, mock }) => {
    await until(() => mock.sockets.size === 1 && last(mock) === "a", "it is connected");
    mock.watched.length = 0;
    mock.sockets.forEach((socket) => socket.terminate());
    await until(() => mock.sockets.size === 1 && last(mock) === "a", "it is connected again, and watches");
    mock.loggedIn = false;
    mock.sockets.forEach((socket) => socket.terminate());
    await page.waitForSelector(".login");
  }, { complaints });
  await withWall([], async ({ page }) => {
    await page.waitForSelector(".login .trouble");
  }, { fragment: "#login=used", complaints });
});
