// One browser, driven by JSON lines: {"do": NAME, ...} on standard input, {"ok": ...} or {"error": ...} on standard output.
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { launch } from '../lib/browser.mjs';
import { sleep } from '../lib/wait.mjs';
import { sampler } from '../lib/sampler.mjs';

let browser;
let page;
const pages = [];

const size = ({ width = 1920, height = 1080 }) => ({ viewport: { width, height } });

/** A new context, logged in with a token where there is something to log in to. */
async function newContext({ login, ...rest }) {
  const context = await browser.newContext(size(rest));
  if (login) {
    const answer = await context.request.post(login.url, { data: { token: login.token } });
    if (!answer.ok()) throw new Error(`cannot log in: ${answer.status()} ${await answer.text()}`);
  }
  return context;
}

/** A new page in a new context; `watch` is what it samples in each animation frame: nothing, bars, markers or lit. */
async function open({ url, watch, ...rest }) {
  const context = await newContext(rest);
  page = await context.newPage();
  pages.push(page);
  const start = { bars: '__probe.watchBars()', markers: '__probe.watchMarkers()', lit: '__probe.watchLit()' }[watch];
  await page.addInitScript(sampler(start));
  await page.goto(url, { waitUntil: 'commit' });
  return {};
}

/** Bytes on the wire, and what they would be compressed: some servers leave that undone. */
function countLoad(session) {
  const load = { requests: 0, wire: 0, gzipped: 0, pending: [] };
  const encodings = new Map();
  session.on('Network.responseReceived', ({ requestId, response }) => {
    load.requests++;
    encodings.set(requestId, { packed: /gzip|br|zstd|deflate/.test(response.headers['content-encoding'] ?? ''), cached: response.fromDiskCache });
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    load.wire += encodedDataLength;
    const { packed, cached } = encodings.get(requestId) ?? {};
    if (packed || cached) {
      load.gzipped += encodedDataLength;
      return;
    }
    const body = session.send('Network.getResponseBody', { requestId }).then(
      ({ body, base64Encoded }) => {
        load.gzipped += Math.min(encodedDataLength, gzipSync(Buffer.from(body, base64Encoded ? 'base64' : 'utf8')).length);
      },
      () => {
        load.gzipped += encodedDataLength;
      },
    );
    load.pending.push(body);
  });
  return load;
}

async function loadOnce(context, url) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const load = countLoad(session);
  await page.addInitScript(sampler('__probe.watchLit()'));
  await page.goto(url, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.__probe.firstLit, null, { timeout: 30_000, polling: 50 });
  const first = await page.evaluate(() => window.__probe.firstLit);
  await sleep(1500);
  await Promise.all(load.pending);
  await page.close();
  return { first, requests: load.requests, wire: load.wire, gzipped: load.gzipped };
}

/** First visit, and second visit with the caches of the first. */
async function load({ url, ...rest }) {
  const context = await newContext(rest);
  const cold = await loadOnce(context, url);
  await sleep(700);
  const warm = await loadOnce(context, url);
  await context.close();
  return { cold, warm };
}

/** Milliseconds from each key event to the animation frame in which the block has changed. */
async function keys({ count, gap }) {
  await page.evaluate(() => {
    const probe = window.__probe;
    const level = () => {
      const element = probe.pictures()[0];
      const [width, height] = probe.sizeOf(element);
      const pixel = probe.pixels(width / 2, Math.round(height * 0.015), 1, 1, 1, 1, element);
      return pixel && pixel[1] > 128;
    };
    let armed = false;
    probe.arm = () => Object.assign(probe, { before: level(), pressed: null, echoed: null }) && (armed = true);
    addEventListener('keydown', (event) => armed && ((probe.pressed = event.timeStamp), (armed = false)), true);
    probe.each(() => {
      if (probe.pressed !== null && probe.echoed === null && level() !== probe.before) probe.echoed = performance.now();
    });
    probe.pressed = null;
  });
  const delays = [];
  let missed = 0;
  for (let round = 0; round < count; round++) {
    await page.evaluate(() => window.__probe.arm());
    await sleep(20 + Math.random() * 17);
    await page.keyboard.press('a');
    try {
      await page.waitForFunction(() => window.__probe.echoed !== null, null, { timeout: 2000, polling: 10 });
      delays.push(await page.evaluate(() => window.__probe.echoed - window.__probe.pressed));
    } catch {
      missed++;
    }
    await sleep(gap);
  }
  return { delays, missed };
}

const actions = {
  async launch({ flags }) {
    browser = await launch(flags);
    return {};
  },
  open,
  load,
  keys,
  take: () => page.evaluate(() => window.__probe.take()),
  age: () => page.evaluate(() => [window.__probe.last, window.__probe.age()]),
  evaluate: ({ code }) => page.evaluate(code),
  async click({ x, y }) {
    await page.mouse.click(x, y);
    return {};
  },
  async type({ text, gap }) {
    await page.keyboard.type(text, { delay: gap });
    return {};
  },
  async press({ key }) {
    await page.keyboard.press(key);
    return {};
  },
  async screenshot({ path, clip }) {
    await page.screenshot({ path, clip });
    return {};
  },
  async close() {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const answer = await Promise.resolve()
    .then(() => actions[order.do](order))
    .then((ok) => ({ ok }), (error) => ({ error: String(error.message ?? error) }));
  process.stdout.write(JSON.stringify(answer) + '\n');
}
await browser?.close();
