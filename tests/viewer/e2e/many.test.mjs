// Many viewers of one stream, and some that misbehave.
import assert from 'node:assert/strict';
import { Client } from '../lib/client.mjs';
import { percentile, summary } from '../lib/stats.mjs';
import { long, suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const fact = suite({ pattern: 'scroll', size: '1280x720', fps: 30 }, { browser: false });

/** How unevenly frames came: the gaps between them, in milliseconds. */
const gaps = ({ frames }) => frames.slice(1).map(({ at }, index) => at - frames[index].at);

fact('twenty viewers that join at once all start with a key frame', async ({ bridge }) => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => Client.open(bridge.url)));
  await Promise.all(clients.map((client) => client.picture(3000)));
  await sleep(1000);
  for (const { frames } of clients) {
    assert.ok(frames[0].key);
    assert.ok(frames.every(({ pts }, index) => index === 0 || pts > frames[index - 1].pts), 'a frame came twice or out of order');
  }
  await Promise.all(clients.map((client) => client.leave()));
});

fact('a viewer that reads nothing costs the others nothing, and is closed', async ({ bridge, context }) => {
  const others = await Promise.all([1, 2, 3].map(() => Client.open(bridge.url)));
  await Promise.all(others.map((client) => client.picture()));
  const settle = async (milliseconds) => {
    for (const client of others) client.frames.length = 0;
    await sleep(milliseconds);
    return others.flatMap(gaps);
  };
  const before = await settle(4000);
  const stalled = await Client.open(bridge.url);
  await stalled.picture();
  stalled.stall();
  const during = await settle(8000);
  context.diagnostic(`gaps before ${JSON.stringify(summary(before))}, with a stalled viewer ${JSON.stringify(summary(during))}`);
  assert.ok(percentile(during, 95) < percentile(before, 95) + 20, 'others were held up');
  assert.ok(percentile(during, 99) < percentile(before, 99) + 60, 'others were held up now and then');
  assert.ok(during.length > 3 * 8 * 30 * 0.8, `others got ${during.length} frames`);
  const { descriptors } = bridge.footprint();
  await until(() => bridge.footprint().descriptors < descriptors, { limit: 60_000, step: 500, what: 'the stalled viewer to be closed' });
  await Promise.all(others.map((client) => client.leave()));
}, { limit: 120_000 });

fact('viewers that come and go leave nothing behind', async ({ bridge, context }) => {
  const cycles = long ? 1000 : 100;
  const keeper = await Client.open(bridge.url);
  await keeper.picture();
  const members = await bridge.json('clients').then((clients) => (clients.clients ?? clients).length);
  const cycle = async () => {
    const client = await Client.open(bridge.url);
    await client.picture();
    client.socket.terminate();
    await client.closed;
  };
  // The allocator's own warm-up is not counted.
  for (let round = 0; round < 30; round++) await cycle();
  await until(() => bridge.json('clients').then((clients) => (clients.clients ?? clients).length <= members), { what: 'as many viewers as before' });
  const before = bridge.footprint();
  for (let round = 0; round < cycles; round += 5) await Promise.all([1, 2, 3, 4, 5].map(cycle));
  await until(() => bridge.footprint().descriptors <= before.descriptors, { what: 'as many descriptors as before' });
  const after = bridge.footprint();
  context.diagnostic(`${cycles} cycles: ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
  assert.equal(after.threads, before.threads);
  assert.ok(after.residentKiB < before.residentKiB * 1.2 + 8192, 'memory grew');
  await keeper.leave();
}, { limit: long ? 600_000 : 120_000 });

fact('a hundred viewers share one encoder', async ({ bridge, context }) => {
  const share = async (count) => {
    const clients = [];
    for (let index = 0; index < count; index++) clients.push(await Client.open(bridge.url));
    await Promise.all(clients.map((client) => client.picture()));
    await sleep(2000);
    for (const client of clients) client.frames.length = 0;
    const began = performance.now();
    const cpu = bridge.cpuSeconds();
    await sleep(6000);
    const percent = ((bridge.cpuSeconds() - cpu) / (performance.now() - began)) * 1e5;
    const received = clients.map(({ frames }) => frames.length);
    await Promise.all(clients.map((client) => client.leave()));
    return { percent, received };
  };
  const one = await share(1);
  const hundred = await share(100);
  const each = (hundred.percent - one.percent) / 99;
  context.diagnostic(`server CPU: one viewer ${one.percent.toFixed(1)} %, a hundred ${hundred.percent.toFixed(1)} %: ${each.toFixed(2)} % each; frames in 6 s ${JSON.stringify(summary(hundred.received))}`);
  assert.ok(each < 1, `${each} % for each viewer`);
}, { limit: 120_000 });

fact('nonsense ends its own connection only', async ({ bridge }) => {
  const watcher = await Client.open(bridge.url);
  await watcher.picture();
  for (const message of [Buffer.alloc(0), Buffer.of(0xff), Buffer.of(0x12, 1), Buffer.of(0x42, 1, 2), Buffer.from('\x20{"resize":{"width":-1}}'), Buffer.of(0x20, 0x7b), Buffer.alloc(300_000, 0x10)]) {
    const client = await Client.open(bridge.url);
    await client.picture();
    client.send(message);
    await sleep(100);
    client.socket.terminate();
  }
  const frames = watcher.frames.length;
  await until(() => watcher.frames.length > frames + 10, { what: 'frames for the one who behaves' });
  await watcher.leave();
});
