// A desktop where nothing happens costs nothing, and whoever joins sees it at once.
import assert from 'node:assert/strict';
import { Client } from '../lib/client.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep } from '../lib/wait.mjs';

const fact = suite({ pattern: 'still', size: '1920x1080', fps: 60 });

fact('after the first picture a still desktop sends no frame and stays connected', async ({ open, bridge, context }) => {
  const viewer = await open();
  await viewer.fresh();
  await sleep(1500);
  const before = await viewer.stats();
  const cpu = bridge.cpuSeconds();
  // Longer than any time-out for silence.
  await sleep(13_000);
  const after = await viewer.stats();
  context.diagnostic(`server CPU ${((bridge.cpuSeconds() - cpu) / 13 * 100).toFixed(1)} %`);
  assert.equal(after.received, before.received);
  assert.equal(after.connections, 1);
  await viewer.shot('still');
});

fact('whoever joins a still desktop sees it within a second', async ({ open, bridge, context }) => {
  const first = await Client.open(bridge.url);
  await first.picture();
  const viewer = await open();
  await viewer.fresh({ limit: 5000 });
  const { firstPaintMs } = await viewer.stats();
  context.diagnostic(`${Math.round(firstPaintMs)} ms from navigation`);
  const began = performance.now();
  const joiner = await Client.open(bridge.url);
  await joiner.picture();
  assert.ok(joiner.frames[0].key);
  assert.ok(performance.now() - began < 1000);
  assert.ok(firstPaintMs < 2000);
  await first.leave();
  await joiner.leave();
});
