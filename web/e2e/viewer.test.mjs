// The page in Debian's Chromium against the mock desktop: `npm run e2e`.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { INSECURE_HOST } from "../dev/browser.mjs";
import { closeBrowser, controls, input, newest, painting, setHidden, state, stats, TOKEN, until, withPage } from "./support.mjs";

after(closeBrowser);

test("pictures are decoded and painted, and the page reads the same pixels as the worker", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page, 10);
    mock.playing = false;
    await page.waitForTimeout(200);
    const [fromWorker, fromPage] = await page.evaluate(async () => {
      const canvases = [...document.querySelectorAll("canvas")].sort((a, b) => b.clientWidth * b.clientHeight - a.clientWidth * a.clientHeight);
      const copy = new OffscreenCanvas(640, 360).getContext("2d");
      copy.drawImage(canvases[0], 0, 0);
      return [[...(await window.__lunette.readPixels(300, 100, 20, 20))], [...copy.getImageData(300, 100, 20, 20).data]];
    });
    assert.equal(fromPage.join(), fromWorker.join());
    assert.ok(new Set(fromWorker).size > 1, "not one colour");
    const { received, decoded, painted, dropped, skipped, width, height, codec } = await stats(page);
    assert.equal(decoded, received);
    assert.equal(painted + dropped, decoded);
    assert.equal(skipped, 0);
    assert.deepEqual([width, height], [640, 360]);
    assert.match(codec, /^avc1\.42[0-9A-F]{4}$/);
  });
});

test("the first painted picture is marked on the page's clock", async () => {
  await withPage({}, async ({ page }) => {
    await painting(page);
    const [mark, { firstPaintMs }] = await page.evaluate(async () => [
      performance.getEntriesByName("lunette:first-paint")[0].startTime,
      await window.__lunette.freshStats(),
    ]);
    assert.ok(mark > 0 && mark < 10_000);
    assert.ok(Math.abs(mark - firstPaintMs) < 5);
  });
});

test("nothing on the page moves by itself", async () => {
  const watch = () => {
    window.__shift = [];
    const moved = ({ sources }) => sources.map(({ node }) => node?.className ?? "gone");
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.__shift.push(...moved(entry)))).observe({ type: "layout-shift", buffered: true });
  };
  await withPage({ context: { reducedMotion: "reduce" } }, async ({ page }) => {
    await page.evaluate(watch);
    await painting(page, 10);
    await page.waitForTimeout(1500);
    assert.deepEqual(await page.evaluate(() => window.__shift), []);
  });
});

test("keys arrive by their place, and go up when the page loses the focus", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    await page.keyboard.press("a");
    await page.keyboard.down("Control");
    await page.keyboard.press("c");
    await page.evaluate(() => window.dispatchEvent(new Event("blur")));
    await until(() => controls(mock).some((request) => request.release_keys), "release_keys");
    assert.deepEqual(input(mock), ["10000100001e", "10000000001e", "10000102001d", "10000102002e", "10000002002e", "10000000001d"]);
  });
});

test("text of an input method arrives as text", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    await page.keyboard.insertText("héllo 日本 😀");
    const message = await until(() => input(mock).find((hex) => hex.startsWith("1001")), "text");
    assert.equal(Buffer.from(message, "hex").subarray(3).toString(), "héllo 日本 😀");
  });
});

test("composed text is sent once, when it is final", async () => {
  await withPage({}, async ({ page, mock, context }) => {
    await painting(page);
    const devtools = await context.newCDPSession(page);
    await devtools.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
    await devtools.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
    await devtools.send("Input.insertText", { text: "日本" });
    await until(() => input(mock).length > 0, "text");
    await page.waitForTimeout(100);
    assert.deepEqual(input(mock).map((hex) => Buffer.from(hex, "hex").subarray(3).toString()), ["日本"]);
  });
});

test("the pointer reaches the pixel under it, before its button", async () => {
  const lease = { holder: { id: 1, name: "", kind: "person" }, you: "holding", waiting: [] };
  await withPage({ before: (mock) => (mock.lease = lease), settings: { fit: "actual" } }, async ({ page, mock }) => {
    await painting(page);
    // 640x360 in the middle of 1000x700 starts at 180, 170.
    await page.mouse.move(180 + 123, 170 + 45);
    await page.mouse.down();
    await page.mouse.up();
    await page.mouse.move(400, 300);
    await page.mouse.wheel(0, 120);
    await until(() => input(mock).length >= 5, "five messages");
    const at = (x, y) => Buffer.from([0x12, 1, x >> 8, x, y >> 8, y, 640 >> 8, 640 & 255, 360 >> 8, 360 & 255]).toString("hex");
    const [move, down, up, next, wheel] = input(mock);
    assert.deepEqual([move, down, up, next], [at(123, 45), "11020101", "11020001", at(220, 130)]);
    assert.match(wheel, /^11040001$|^1103/);
  });
});

test("hovering does not take a free desktop, clicking does", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    await until(async () => (await state(page)).lease?.you === "free", "a free desktop");
    await page.mouse.move(500, 300);
    await page.mouse.move(520, 310);
    await page.waitForTimeout(100);
    assert.deepEqual(input(mock), []);
    await page.mouse.click(520, 310);
    await until(() => input(mock).length === 3, "a click");
  });
});

test("who only watches sends nothing and is told why", async () => {
  const lease = { holder: { id: 2, name: "Anna", kind: "person" }, you: "watching", waiting: [] };
  await withPage({ before: (mock) => (mock.lease = lease) }, async ({ page, mock }) => {
    await painting(page);
    await until(async () => (await state(page)).lease?.you === "watching", "the lease");
    await page.mouse.click(500, 300);
    await page.keyboard.press("x");
    await page.getByText("Anna controls this desktop").waitFor();
    assert.deepEqual(input(mock), []);
    await page.getByRole("button", { name: "Request control" }).click();
    await until(() => controls(mock).some((request) => request.input === "request"), "the request");
  });
});

test("a lost connection is back, with a picture, within a second", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    const lost = Date.now();
    newest(mock).close(1001);
    await until(async () => (await stats(page)).connections === 2, "the second connection");
    await painting(page, 1);
    assert.ok(Date.now() - lost < 3000, `${Date.now() - lost} ms`);
    assert.equal(newest(mock).hello.user_retry, false);
  });
});

test("a superseded page stays away until a person wants it back", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    newest(mock).close(4000);
    const back = page.getByRole("button", { name: "Use it here" });
    await back.waitFor();
    await page.waitForTimeout(1500);
    assert.equal((await stats(page)).connections, 1);
    await back.click();
    await painting(page);
    assert.equal(newest(mock).hello.user_retry, true);
  });
});

test("a page that the server finds at fault says so, and stays away", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    newest(mock).error("This desktop has no such video.");
    newest(mock).close(1008);
    await page.getByText("The desktop refused this connection").waitFor();
    await page.getByText("This desktop has no such video.").waitFor();
    await page.waitForTimeout(1500);
    assert.equal((await stats(page)).connections, 1);
    await page.getByRole("button", { name: "Try now" }).click();
    await painting(page);
  });
});

test("a server that is started anew is found within a second", async () => {
  await withPage({ complaints: [/WebSocket connection|Failed to load resource/] }, async ({ page, mock }) => {
    await painting(page);
    mock.refuse = true;
    newest(mock).close(1001);
    await page.waitForTimeout(1500);
    mock.refuse = false;
    const back = Date.now();
    await until(async () => (await stats(page)).connections === 2, "the second connection");
    assert.ok(Date.now() - back < 1500, `${Date.now() - back} ms`);
  });
});

test("a token in the fragment opens the desktop and leaves the address", async () => {
  await withPage({ desktop: { token: TOKEN }, hash: `#token=${TOKEN}&a=1` }, async ({ page }) => {
    await painting(page);
    assert.match(page.url(), /#a=1$/);
  });
});

test("without a token the page asks for one, and takes it", async () => {
  await withPage({ desktop: { token: TOKEN } }, async ({ page, mock }) => {
    const field = page.getByLabel("Token");
    await field.fill("not a token");
    await page.keyboard.press("Enter");
    await page.getByText("That is not a token").waitFor();
    await field.fill(TOKEN);
    await page.keyboard.press("Enter");
    await painting(page);
    assert.equal(mock.viewers.size, 1);
  });
});

test("a duplicated tab is another client", async () => {
  await withPage({}, async ({ page, mock, context }) => {
    await painting(page);
    const [copy] = await Promise.all([context.waitForEvent("page"), page.evaluate(() => void window.open(location.href))]);
    await painting(copy);
    const ids = [...mock.viewers].map(({ hello }) => hello.client_unique_id);
    assert.equal(new Set(ids).size, 2);
    await copy.close();
  });
});

test("a reloaded tab is the same client", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    const before = newest(mock).hello.client_unique_id;
    await page.reload();
    await painting(page);
    assert.equal(newest(mock).hello.client_unique_id, before);
  });
});

test("a hidden tab pauses its video after a second, and resumes with a picture", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    await setHidden(page, true);
    await until(() => controls(mock).some((request) => request.set_video_enabled === false), "the pause");
    const { received } = await stats(page);
    await page.waitForTimeout(500);
    assert.ok((await stats(page)).received - received <= 2);
    await setHidden(page, false);
    await until(() => controls(mock).some((request) => request.set_video_enabled === true), "the resumption");
    await painting(page);
    assert.equal((await stats(page)).skipped, 0);
  });
});

test("a hidden tab does not reconnect, and does when it is shown", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    await setHidden(page, true);
    newest(mock).close(1001);
    await page.waitForTimeout(1500);
    assert.equal((await state(page)).link.phase, "paused");
    await setHidden(page, false);
    await painting(page);
  });
});

test("a broken frame costs a moment and no reconnection", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    let broken = false;
    mock.spoil = (frame) => {
      if (broken || (frame[2] & 1) === 0) return frame;
      broken = true;
      return Buffer.concat([frame.subarray(0, 15 + 40), Buffer.alloc(200, 0x55)]);
    };
    await until(() => broken, "a broken key frame");
    await painting(page, 5);
    assert.equal((await stats(page)).connections, 1);
  });
});

test("frames that cannot be painted make the page start its decoder anew, then the connection", async () => {
  const onlyDeltas = (frame) => ((frame[2] & 1) === 0 ? frame : null);
  await withPage({ before: (mock) => (mock.spoil = onlyDeltas) }, async ({ page, mock }) => {
    await until(() => controls(mock).some((request) => request.set_video_enabled === true), "a key frame asked for");
    await page.getByText("this browser has decoded none").waitFor();
    mock.spoil = (frame) => frame;
    await painting(page);
  });
});

test("a stream of another size is shown at its size", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    const { testPictures } = await import("../dev/h264.mjs");
    mock.pictures = testPictures({ width: 800, height: 600 });
    await page.waitForFunction(() => document.querySelector("canvas").width === 800);
    await painting(page, 5);
    assert.equal((await stats(page)).height, 600);
  });
});

test("what is pasted reaches the desktop before the key does", async () => {
  await withPage({ context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page, mock }) => {
    await painting(page);
    await page.evaluate(() => navigator.clipboard.writeText("grüße"));
    await page.keyboard.press("Control+v");
    await until(() => input(mock).some((hex) => hex.startsWith("100000") && hex.endsWith("002f")), "the key");
    await page.waitForTimeout(200);
    assert.deepEqual(mock.clipboard, { type: "text", data: "grüße" });
    const keys = input(mock).map((hex) => (hex.slice(4, 6) === "01" ? "+" : "-") + Number.parseInt(hex.slice(8), 16));
    const once = keys.filter((key) => key.endsWith("47"));
    assert.deepEqual(once, ["+47", "-47"]);
    assert.equal(keys.filter((key) => key === "+29").length, keys.filter((key) => key === "-29").length);
  });
});

test("what is copied on the desktop reaches the browser's clipboard", async () => {
  await withPage({ context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page, mock }) => {
    await painting(page);
    mock.clipboard = { type: "text", data: "from the desktop" };
    newest(mock).control({ clipboard: { sequence: 1, types: ["text/plain"] } });
    await until(() => page.evaluate(async () => (await navigator.clipboard.readText()) === "from the desktop"), "the clipboard");
  });
});

test("files are uploaded and told about", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    await page.mouse.move(500, 2);
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Upload files" }).click()]);
    await chooser.setFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
    await page.getByText("uploaded").waitFor();
    assert.match(mock.uploads[0].toString(), /filename="notes.txt"[\s\S]*hello/);
  });
});

test("the toolbar is worked by keys alone, and Escape goes back to the desktop", async () => {
  await withPage({}, async ({ page }) => {
    await painting(page);
    await page.keyboard.press("Control+Alt+Shift+M");
    assert.equal(await page.evaluate(() => document.activeElement.closest("[role=toolbar]") !== null), true);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement.className), "keys");
  });
});

test("whoever's request for control is denied is told", async () => {
  const lease = { holder: { id: 2, name: "Anna", kind: "person" }, you: "watching", waiting: [] };
  await withPage({ before: (mock) => (mock.lease = lease) }, async ({ page, mock }) => {
    await painting(page);
    await page.getByRole("button", { name: "Request control" }).click();
    newest(mock).control({ refused: { what: "control", reason: "Anna keeps control." } });
    await page.getByRole("status").getByText("Anna keeps control.").waitFor();
    newest(mock).control({ refused: { what: "control", reason: "" } });
    await page.getByText("Your request for control was denied.").waitFor();
  });
});

/** What a screen reader can reach by the keyboard, and under which names. */
async function reachable(page, context) {
  const devtools = await context.newCDPSession(page);
  const { nodes } = await devtools.send("Accessibility.getFullAXTree");
  const focusable = nodes.filter(({ ignored, properties = [] }) => !ignored && properties.some(({ name, value }) => name === "focusable" && value.value));
  return focusable.map(({ role, name }) => ({ role: role.value, name: name?.value ?? "" })).filter(({ role }) => role !== "RootWebArea");
}

test("everything that can be worked has a name, and the keyboard gets out of the desktop and back", async () => {
  await withPage({}, async ({ page, context }) => {
    await painting(page);
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
    assert.match(await focused(), /Control Alt Shift M moves to the toolbar/);
    await page.keyboard.press("Tab");
    assert.match(await focused(), /Keyboard of the remote desktop/, "Tab is the desktop's");
    await page.keyboard.press("Control+Alt+Shift+M");
    const first = await focused();
    await page.keyboard.press("Tab");
    assert.notEqual(await focused(), first, "Tab goes on in the toolbar");
    for (const panel of ["Settings", /person is here|people are here/]) {
      await page.getByRole("button", { name: panel }).click();
      await page.getByRole("dialog").waitFor();
      if (panel === "Settings") await page.getByText("Keys of this page").click();
      const all = await reachable(page, context);
      assert.ok(all.length > 6, JSON.stringify(all));
      assert.deepEqual(all.filter(({ name }) => name.trim() === ""), []);
      if (panel === "Settings") await page.getByText("leaves the desktop for the toolbar").waitFor();
    }
    await page.keyboard.press("Escape");
    assert.match(await focused(), /Keyboard of the remote desktop/);
  });
});

test("figures are shown on demand, and the server measures only then", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    assert.ok(!controls(mock).some((request) => "timings" in request));
    await page.keyboard.press("Control+Alt+Shift+H");
    await page.getByText("capture → encoded").waitFor();
    await until(() => page.evaluate(() => /in all\s*\d/.test(document.querySelector(".hud").innerText)), "a latency");
    await until(() => page.evaluate(() => /capture → encoded\s*\d/.test(document.querySelector(".hud").innerText)), "the encoder's time");
    await page.keyboard.press("Control+Alt+Shift+H");
    await until(() => controls(mock).some((request) => request.timings === false), "timings off");
  });
});

test("the window's size is asked for when it changes, once", async () => {
  await withPage({ settings: { matchWindow: true } }, async ({ page, mock }) => {
    await painting(page);
    await until(() => controls(mock).some((request) => request.resize?.width === 1000), "the first size");
    newest(mock).control({ input: { holder: { id: 1, name: "", kind: "person" }, you: "holding", waiting: [] } });
    for (const width of [1100, 1150, 1201]) await page.setViewportSize({ width, height: 801 });
    await until(() => controls(mock).some((request) => request.resize?.width === 1200), "the last size");
    const sizes = controls(mock).flatMap((request) => (request.resize ? [`${request.resize.width}x${request.resize.height}`] : []));
    assert.deepEqual(sizes.filter((size) => size.startsWith("11")), []);
    assert.equal(sizes.at(-1), "1200x800");
  });
});

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Puts fingers on the page, as the browser's own protocol has it. */
async function fingers(page, context) {
  const devtools = await context.newCDPSession(page);
  return (type, ...points) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
}

test("fingers arrive as touches", async () => {
  await withPage({ context: phone }, async ({ page, mock, context }) => {
    await painting(page);
    const touch = await fingers(page, context);
    // 640x360 is 390 wide and 219.4 high here, in the middle.
    await touch("touchStart", [195, 422]);
    await touch("touchMove", [292.5, 422]);
    await touch("touchEnd");
    await until(() => input(mock).length >= 3, "down, move and up");
    const told = mock.received.filter(([type]) => type === 0x14).map((bytes) => [bytes[1], bytes[2], bytes.readFloatLE(3).toFixed(2), bytes.readFloatLE(7).toFixed(2)]);
    assert.deepEqual(told, [[0, 0, "0.50", "0.50"], [1, 0, "0.75", "0.50"], [2, 0, "0.75", "0.50"]]);
  });
});

test("fingers work as on a trackpad when a person wants it", async () => {
  await withPage({ context: phone, settings: { touch: "trackpad" } }, async ({ page, mock, context }) => {
    await painting(page);
    const touch = await fingers(page, context);
    await touch("touchStart", [100, 600]);
    await touch("touchEnd");
    await until(() => input(mock).length >= 3, "a click in the middle");
    assert.deepEqual(input(mock), ["1201014000b402800168", "11020101", "11020001"]);
    await touch("touchStart", [100, 600], [150, 600]);
    await touch("touchEnd");
    await until(() => input(mock).length >= 5, "the right button");
    assert.deepEqual(input(mock).slice(-2), ["11020103", "11020003"]);
    assert.equal(await page.locator(".own-pointer").count(), 1);
  });
});

test("a phone's keyboard types and erases", async () => {
  await withPage({ context: phone }, async ({ page, mock, context }) => {
    await painting(page);
    await page.getByRole("button", { name: "On-screen keyboard" }).tap();
    assert.equal(await page.evaluate(() => document.activeElement.inputMode), "text");
    const devtools = await context.newCDPSession(page);
    await devtools.send("Input.imeSetComposition", { text: "te", selectionStart: 2, selectionEnd: 2 });
    await devtools.send("Input.imeSetComposition", { text: "tea", selectionStart: 3, selectionEnd: 3 });
    await devtools.send("Input.insertText", { text: "the " });
    await until(() => input(mock).length >= 5, "text and erasing");
    const texts = mock.received.filter(([type]) => type === 0x10);
    assert.deepEqual(texts.map((bytes) => (bytes[1] === 1 ? bytes.subarray(3).toString() : "<")), ["te", "a", "<", "<", "he "]);
  });
});

test("the desktop's cursor becomes the browser's, always from its own pixels", async () => {
  const cursor = (red) => {
    const bytes = Buffer.alloc(41 + 16 * 16 * 4);
    bytes[0] = 0x50;
    bytes.writeInt32LE(3, 13);
    bytes.writeInt32LE(4, 17);
    bytes.writeUInt32LE(16 + 16 * 16 * 4, 21);
    bytes.write("AB24", 25);
    [16, 16, 64].forEach((value, index) => bytes.writeInt32LE(value, 29 + index * 4));
    for (let at = 41; at < bytes.length; at += 4) bytes.set([red, 0, 0, 255], at);
    return bytes;
  };
  const lease = { holder: null, you: "holding", waiting: [] };
  await withPage({ before: (mock) => (mock.lease = lease), settings: { fit: "actual" } }, async ({ page, mock }) => {
    await painting(page);
    const shown = () => page.evaluate(() => document.querySelector(".stage").style.cursor);
    newest(mock).send(cursor(255));
    const first = await until(async () => (await shown()).startsWith("url") && shown(), "a cursor");
    assert.match(first, /\) 3 4, default$/);
    newest(mock).send(cursor(10));
    await until(async () => (await shown()) !== first, "another cursor of the same size");
    newest(mock).send(Buffer.concat([Buffer.from([0x51]), Buffer.alloc(12), Buffer.from([4]), Buffer.from("text")]));
    await until(async () => (await shown()) === "text", "a named cursor");
  });
});

test("others' pointers are drawn where they are, with their names", async () => {
  await withPage({ settings: { fit: "actual" } }, async ({ page, mock }) => {
    await painting(page);
    newest(mock).send(Buffer.from("540102000000" + "04" + Buffer.from("Anna").toString("hex") + "07" + Buffer.from("#F24822").toString("hex") + "0000", "hex"));
    newest(mock).send(Buffer.from("530200000064000000320000000723463234383232", "hex"));
    const box = await page.locator(".mark", { hasText: "Anna" }).evaluate((mark) => [mark.getBoundingClientRect().x, mark.getBoundingClientRect().y]);
    assert.deepEqual(box, [180 + 100, 170 + 50]);
    newest(mock).send(Buffer.from("540002000000", "hex"));
    await until(async () => (await page.locator(".mark").count()) === 0, "nobody");
  });
});

test("control that is lost lets go without a word, since the server has done it", async () => {
  const lease = { holder: { id: 1, name: "", kind: "person" }, you: "holding", waiting: [] };
  await withPage({ before: (mock) => (mock.lease = lease) }, async ({ page, mock }) => {
    await painting(page);
    await page.keyboard.down("Shift");
    await until(() => input(mock).length === 1, "Shift");
    newest(mock).control({ input: { holder: { id: 2, name: "Anna", kind: "person" }, you: "watching", waiting: [] } });
    await until(async () => (await state(page)).lease.you === "watching", "the loss");
    await page.keyboard.up("Shift");
    await page.waitForTimeout(100);
    assert.equal(input(mock).length, 1);
  });
});

test("a page that is not secure says so, instead of staying black", async () => {
  await withPage({ host: INSECURE_HOST }, async ({ page, mock }) => {
    await page.getByText("This page is not secure").waitFor();
    await page.getByText("Open this desktop over HTTPS").waitFor();
    assert.equal(mock.viewers.size, 0);
  });
});

test("a page below a folder connects below that folder, under the title that it was given", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    const asked = [];
    page.on("websocket", (socket) => asked.push(new URL(socket.url()).pathname));
    await page.route("**/d/7/", async (route) => {
      const answer = await page.request.get(mock.url);
      const html = (await answer.text()).replaceAll("assets/", "/assets/");
      await route.fulfill({ contentType: "text/html", body: html.replace("<title>", `<meta name="lunette-title" content="Seven"><title>`) });
    });
    await page.goto(`${mock.url}d/7/`);
    await until(() => asked.length > 0, "a connection");
    assert.equal(asked[0], "/d/7/ws/stream");
    assert.equal(await page.title(), "Seven");
  });
});

test("what a server says before it closes is shown", async () => {
  await withPage({}, async ({ page, mock }) => {
    await painting(page);
    mock.refuse = true;
    newest(mock).error("The desktop is being restarted.\n\nunit desktop-3: exit 1");
    newest(mock).close(4003);
    await page.getByText("The desktop is being restarted.").waitFor();
    await page.getByText("Details").click();
    await page.getByText("unit desktop-3: exit 1").waitFor();
    await page.getByRole("button", { name: "Try now" }).click();
    mock.refuse = false;
    await painting(page);
  });
});
