// What is painted, and when: counters are read off the canvas.
import assert from 'node:assert/strict';
import { Client } from '../lib/client.mjs';
import { percentile, summary } from '../lib/stats.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const fact = suite({ pattern: 'scroll', size: '1920x1080', fps: 30 });

fact('the first picture is painted and its counter moves forward', async ({ open, context }) => {
  const viewer = await open();
  const first = await viewer.fresh();
  const { firstPaintMs, width, height } = await viewer.stats();
  context.diagnostic(`first painted frame ${Math.round(firstPaintMs)} ms after navigation`);
  assert.ok(firstPaintMs < 3000, `first paint after ${firstPaintMs} ms`);
  assert.deepEqual([width, height], [1920, 1080]);
  assert.ok((await viewer.fresh({ after: first })) > first);
  await viewer.shot('first-picture');
  assert.deepEqual(viewer.complaints, []);
});

fact('painted counters never go back and no picture is torn', async ({ open, context }) => {
  const viewer = await open();
  await viewer.fresh();
  await sleep(1000);
  await viewer.take();
  const before = await viewer.stats();
  await sleep(8000);
  const { log, torn, unread } = await viewer.take();
  const after = await viewer.stats();
  const counters = log.map(([, counter]) => counter);
  const gaps = log.slice(1).map(([at], index) => at - log[index][0]);
  context.diagnostic(`${counters.length} counters in 8 s, gaps ${JSON.stringify(summary(gaps))}`);
  assert.ok(counters.every((counter, index) => index === 0 || counter > counters[index - 1]), 'a counter went back');
  assert.equal(torn, 0);
  assert.equal(unread, 0);
  // What the page says it painted and what was read off its canvas are the same thing.
  const painted = after.painted - before.painted;
  assert.ok(Math.abs(painted - counters.length) <= 0.15 * painted + 3, `${painted} painted, ${counters.length} read`);
  assert.ok(counters.length > 8 * 30 * 0.6, `only ${counters.length} pictures in 8 s`);
});

fact('capture to painted is reported and small', async ({ open, context }) => {
  const viewer = await open();
  await viewer.fresh();
  await sleep(2000);
  const samples = [];
  await until(async () => {
    const { lastLatencyMs, lastPaintedPts } = await viewer.stats();
    if (samples.at(-1)?.pts !== lastPaintedPts) samples.push({ pts: lastPaintedPts, latency: lastLatencyMs });
    return samples.length >= 100;
  }, { limit: 20_000, what: '100 painted frames' });
  const latencies = samples.map(({ latency }) => latency);
  context.diagnostic(`capture to painted: ${JSON.stringify(summary(latencies))} ms`);
  assert.ok(latencies.every((latency) => latency > 0), 'a picture was painted before it was captured');
  assert.ok(percentile(latencies, 50) < 150);
});

fact('a peer that knows no extension gets pictures, in increasing time, of the real size', async ({ bridge }) => {
  const client = await Client.open(bridge.url, { lunette: false, init: { width: 640, height: 480 } });
  await client.picture();
  await until(() => client.frames.length > 30, { what: '30 frames' });
  assert.ok(client.frames[0].key, 'the first frame is no key frame');
  assert.deepEqual([client.frames[0].width, client.frames[0].height], [1920, 1080]);
  assert.ok(client.frames.every(({ pts }, index) => index === 0 || pts > client.frames[index - 1].pts));
  assert.deepEqual(client.controls, [], 'it got control messages that it does not know');
  assert.ok(client.messages.every((type) => [0x01, 0x30, 0x41].includes(type) || (type >= 0x50 && type <= 0x58)), String(new Set(client.messages)));
  await client.leave();
});
