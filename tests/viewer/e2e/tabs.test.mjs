// Tabs: hidden and shown, two with one id, and a canvas that is lost.
import assert from 'node:assert/strict';
import { Client } from '../lib/client.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const fact = suite({ pattern: 'scroll', size: '1280x720', fps: 30 });

/** Headless pages are always visible; this says otherwise, as a browser would. */
const VISIBILITY = () => {
  let hidden = false;
  Object.defineProperty(document, 'hidden', { get: () => hidden });
  Object.defineProperty(document, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') });
  window.__hide = (value) => {
    hidden = value;
    document.dispatchEvent(new Event('visibilitychange'));
  };
};

fact('a hidden tab gets no video, and a picture at once when it is shown', async ({ open, context }) => {
  const viewer = await open(undefined, { init: VISIBILITY });
  await viewer.fresh();
  await viewer.page.evaluate(() => window.__hide(true));
  await sleep(2500);
  const hidden = await viewer.stats();
  await sleep(2000);
  assert.equal((await viewer.stats()).received, hidden.received, 'video came to a hidden tab');
  const last = await viewer.counter();
  const shownAfter = await viewer.page.evaluate(async (last) => {
    const shown = performance.now();
    window.__hide(false);
    return new Promise((resolve) => window.__probe.each((now) => {
      const { top } = window.__probe.markers();
      if (top === null || top.counter === last) return true;
      resolve(now - shown);
      return false;
    }));
  }, last);
  context.diagnostic(`picture ${Math.round(shownAfter)} ms after the tab was shown`);
  assert.equal((await viewer.stats()).connections, 1, 'it reconnected for that');
  assert.ok(shownAfter < 500);
});

fact('of two tabs with one id exactly one is closed, and it does not come back', async ({ bridge, open }) => {
  const first = await open();
  await first.fresh();
  const storage = await first.page.evaluate(() => ({ session: { ...sessionStorage }, local: { ...localStorage } }));
  const copy = `for (const [k, v] of Object.entries(${JSON.stringify(storage.session)})) sessionStorage.setItem(k, v);
    for (const [k, v] of Object.entries(${JSON.stringify(storage.local)})) localStorage.setItem(k, v);`;
  const second = await open(undefined, { init: copy });
  await second.fresh();
  await sleep(1500);
  const before = [await first.stats(), await second.stats()].map(({ connections }) => connections);
  await sleep(6000);
  const after = [await first.stats(), await second.stats()].map(({ connections }) => connections);
  assert.deepEqual(after, before, 'a tab came back');
  await first.shot('superseded');
  await second.shot('superseding');
  const clients = await bridge.json('clients');
  const list = Array.isArray(clients) ? clients : clients.clients;
  assert.ok(list.length === 1 || list.length === 2, JSON.stringify(clients));
});

fact('a client with an id that connects again closes the older one with 4000', async ({ bridge }) => {
  const older = await Client.open(bridge.url, { id: 'one viewer' });
  await older.picture();
  const newer = await Client.open(bridge.url, { id: 'one viewer' });
  await newer.picture();
  assert.equal((await older.closed).code, 4000);
  assert.equal(older.errors.length, 1, 'no StreamError came before the close');
  const frames = newer.frames.length;
  await until(() => newer.frames.length > frames + 5, { what: 'frames for the newer one' });
  await newer.leave();
});

fact('video that was paused begins with a key frame when it is resumed', async ({ bridge, context }) => {
  const client = await Client.open(bridge.url);
  await client.picture();
  client.control({ set_video_enabled: false });
  await sleep(500);
  const paused = client.frames.length;
  await sleep(1000);
  assert.equal(client.frames.length, paused);
  const resumed = performance.now();
  client.control({ set_video_enabled: true });
  await until(() => client.frames.length > paused, { what: 'a frame' });
  context.diagnostic(`${Math.round(client.frames[paused].at - resumed)} ms`);
  assert.ok(client.frames[paused].key);
  assert.ok(client.frames[paused].at - resumed < 200);
  await client.leave();
});

fact('the picture survives a crash of the browser\'s graphics process', async ({ open, browser, context }) => {
  const viewer = await open();
  await viewer.fresh();
  const session = await browser.newBrowserCDPSession();
  const graphics = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.find(({ type }) => type === 'GPU')?.id;
  };
  const before = await graphics();
  if (before === undefined) {
    console.log('NOT RUN: the picture survives a crash of the browser\'s graphics process: this browser has none');
    return;
  }
  process.kill(before, 'SIGKILL');
  await until(async () => ![before, undefined].includes(await graphics()), { what: 'another graphics process' });
  const counter = await viewer.counter();
  const again = await viewer.fresh({ after: counter, limit: 8000 });
  await viewer.fresh({ after: again });
  context.diagnostic(`graphics process ${before}, then ${await graphics()}; ${JSON.stringify(await viewer.stats().then(({ decoderResets, connections }) => ({ decoderResets, connections })))}`);
  await viewer.shot('graphics-process-gone');
});
