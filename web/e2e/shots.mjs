// Screenshots of the page's states, for looking at: `node e2e/shots.mjs [FOLDER]`.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "../dev/browser.mjs";
import { mockDesktop } from "../dev/mock-server.mjs";

const folder = process.argv[2] ?? "/tmp/lunette-shots";
mkdirSync(folder, { recursive: true });
const browser = await launch();
const mock = await mockDesktop({ pictures: { width: 1280, height: 800, filter: "testsrc2" } });

/** One page in one state; `prepare` runs before it is opened, `act` before the picture is taken. */
async function shot(name, { size = [1280, 800], dark = true, touch = false, settings = {}, prepare = () => {}, act = async () => {}, wait = 1200 }) {
  Object.assign(mock, { playing: true, refuse: false, token: null, hops: null, lease: { holder: null, you: "free", waiting: [] } });
  prepare();
  const context = await browser.newContext({
    viewport: { width: size[0], height: size[1] },
    colorScheme: dark ? "dark" : "light",
    hasTouch: touch,
    isMobile: touch,
    deviceScaleFactor: touch ? 2 : 1,
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.log(`${name}: ${error.message}`));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && console.log(`${name}: ${message.text()}`));
  await page.addInitScript((kept) => localStorage.setItem("lunette.settings", JSON.stringify(kept)), settings);
  await page.goto(mock.url);
  await page.waitForTimeout(wait);
  await act(page, [...mock.viewers].at(-1));
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
}

const people = (viewer) => {
  const join = (id, name, colour) => {
    const bytes = (text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
    const header = Buffer.alloc(6);
    header.set([0x54, 1]);
    header.writeUInt32LE(id, 2);
    viewer.send(Buffer.concat([header, bytes(name), bytes(colour), Buffer.from([0, 0])]));
  };
  join(1, "Zoë", "#0D99FF");
  join(2, "Anna", "#F24822");
  join(3, "Максим", "#14AE5C");
  const cursor = Buffer.alloc(21);
  cursor[0] = 0x53;
  cursor.writeUInt32LE(2, 1);
  cursor.writeInt32LE(500, 5);
  cursor.writeInt32LE(380, 9);
  cursor[13] = 7;
  cursor.write("#F24822", 14);
  viewer.send(cursor);
  viewer.send(Buffer.from([0x55, 1, 0, 0, 0, 0x58, 0x02, 0x04, 0x01, 3, 1]));
};

const tool = (label) => async (page) => {
  await page.mouse.move(640, 2);
  await page.getByRole("button", { name: label }).click();
};

await shot("playing", {});
await shot("hud", { settings: { hud: true }, wait: 3000 });
await shot("menu", { act: tool("Settings") });
await shot("menu-light", { dark: false, act: tool("Settings") });
await shot("people", {
  prepare: () => (mock.lease = { holder: { id: 2, name: "Anna", kind: "person" }, you: "watching", waiting: [] }),
  act: async (page, viewer) => {
    people(viewer);
    await page.mouse.move(640, 2);
    await page.getByRole("button", { name: /people are here|person is here/ }).click();
  },
});
await shot("agent", {
  prepare: () => (mock.lease = { holder: { id: 9, name: "builder", kind: "agent" }, you: "watching", waiting: [] }),
  act: async (page, viewer) => {
    people(viewer);
    await page.mouse.click(700, 500);
  },
});
await shot("requests", {
  prepare: () => (mock.lease = { holder: { id: 1, name: "Zoë", kind: "person" }, you: "holding", waiting: [{ id: 2, name: "Anna" }, { id: 3, name: "Максим" }] }),
  act: async (_, viewer) => people(viewer),
});
const silent = [
  { hop: "desktop", state: "ok", frame: null, age_ms: null, why: null },
  { hop: "compositor", state: "ok", frame: 811, age_ms: 40, why: null },
  { hop: "capture", state: "silent", frame: 640, age_ms: 61000, why: "the display bus does not answer" },
  { hop: "encoder", state: "still", frame: 640, age_ms: 61000, why: null },
  { hop: "network", state: "ok", frame: null, age_ms: 12, why: null },
];
await shot("silent", { prepare: () => Object.assign(mock, { playing: false, hops: silent }), wait: 3500 });
await shot("silent-light", { dark: false, prepare: () => Object.assign(mock, { playing: false, hops: silent }), wait: 3500 });
await shot("reconnecting", {
  act: async (page, viewer) => {
    mock.refuse = true;
    viewer.error("The desktop is being restarted.\n\nsystemd: unit desktop@3 restarting");
    viewer.close(4003);
    await page.waitForTimeout(2500);
  },
});
await shot("superseded", { act: async (_, viewer) => viewer.close(4000) });
await shot("token", { prepare: () => (mock.token = "x".repeat(43)) });
await shot("token-light", { dark: false, prepare: () => (mock.token = "x".repeat(43)) });
await shot("phone", { size: [390, 844], touch: true });
await shot("phone-menu", { size: [390, 844], touch: true, act: async (page) => page.getByRole("button", { name: "Settings" }).click() });
await shot("phone-token", { size: [390, 844], touch: true, prepare: () => (mock.token = "x".repeat(43)) });
await browser.close();
mock.close();
console.log(folder);
