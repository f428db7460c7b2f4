// The server goes and comes back; nobody has to reload anything.
import assert from 'node:assert/strict';
import { Bridge } from '../lib/bridge.mjs';
import { Client } from '../lib/client.mjs';
import { summary } from '../lib/stats.mjs';
import { long, suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const fact = suite({ pattern: 'scroll', size: '1280x720', fps: 30 });

fact('the page recovers by itself when the server is killed and started again', async ({ open, context }) => {
  const bridge = await Bridge.start({ size: '1280x720' });
  try {
    const viewer = await open(bridge.url);
    let navigations = 0;
    viewer.page.on('framenavigated', () => navigations++);
    await viewer.fresh();
    const delays = [];
    for (let round = 0; round < 3; round++) {
      await bridge.kill();
      await sleep(1500);
      if (round === 0) await viewer.shot('server-gone');
      const text = await viewer.text();
      assert.match(text, /connect|reach|retry|network/i, `the page does not say that it waits: ${text.slice(0, 200)}`);
      const { painted } = await viewer.stats();
      const up = performance.now();
      await bridge.run();
      await until(async () => (await viewer.stats()).painted > painted, { limit: 20_000, what: 'a painted frame after the restart' });
      delays.push(performance.now() - up);
      await viewer.fresh();
    }
    context.diagnostic(`picture ${delays.map(Math.round)} ms after the restart`);
    assert.equal(navigations, 0, 'the page loaded itself anew');
    assert.ok(Math.max(...delays) < 5000);
    await viewer.shot('server-back');
  } finally {
    await bridge.stop();
  }
});

fact('every one of many reconnects shows a picture within a second, and leaves nothing behind', async ({ bridge, context }) => {
  const rounds = long ? 100 : 25;
  const warm = await Client.open(bridge.url);
  await warm.picture();
  const before = bridge.footprint();
  const delays = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    const client = await Client.open(bridge.url, { id: 'the same viewer' });
    const first = await client.picture();
    delays.push(performance.now() - began);
    assert.ok(first.key);
    // Half of them leave without a word.
    if (round % 2) client.socket.terminate();
    else await client.leave();
  }
  await until(() => bridge.footprint().descriptors <= before.descriptors, { what: 'descriptors back to where they were' });
  const after = bridge.footprint();
  context.diagnostic(`first frame ${JSON.stringify(summary(delays))} ms; ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
  assert.ok(Math.max(...delays) < 1000);
  assert.equal(after.threads, before.threads);
  await warm.leave();
});

fact('a still joiner after everybody left gets a picture, too', async ({ bridge }) => {
  for (let round = 0; round < 3; round++) {
    const client = await Client.open(bridge.url);
    assert.ok((await client.picture(2000)).key);
    await client.leave();
    await sleep(200);
  }
});

fact('a server that stops says so with 4003 and a reason', async () => {
  const bridge = await Bridge.start({ size: '640x480' });
  const client = await Client.open(bridge.url);
  await client.picture();
  bridge.process.kill('SIGTERM');
  const { code } = await client.closed;
  await bridge.stop();
  assert.equal(code, 4003);
  assert.equal(client.errors.length, 1, 'no StreamError came before the close');
});
