// Slow, bursty and broken links, by a relay between page and bridge.
import assert from 'node:assert/strict';
import { Relay } from '../lib/relay.mjs';
import { percentile, summary } from '../lib/stats.mjs';
import { long, suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const fact = suite({ pattern: 'scroll', size: '1920x1080', fps: 30 });
const KBIT = 1000 / 8;

/** What holds where nothing else runs, and not on a machine that also builds. */
const quiet = (name, body) => {
  if (long) return fact(name, body);
  console.log(`NOT RUN: ${name}: needs a quiet machine; LUNETTE_LONG=1`);
};

async function through(bridge, open, body) {
  const relay = await Relay.to(bridge.port);
  try {
    const viewer = await open(relay.url);
    await viewer.fresh();
    await body(viewer, relay);
  } finally {
    await relay.stop();
  }
}

/** Latencies of the pictures that are painted during `milliseconds`. */
async function latencies(viewer, milliseconds) {
  const end = performance.now() + milliseconds;
  const seen = new Map();
  while (performance.now() < end) {
    const { lastPaintedPts, lastLatencyMs } = await viewer.stats();
    seen.set(lastPaintedPts, lastLatencyMs);
    await sleep(20);
  }
  return [...seen.values()];
}

quiet('at 2 Mbit/s scrolling stays within 500 ms and keeps moving', async ({ bridge, open, context }) => {
  await through(bridge, open, async (viewer, relay) => {
    await sleep(2000);
    relay.rate = 2000 * KBIT;
    const narrowing = await latencies(viewer, 4000);
    const after = await latencies(viewer, 8000);
    context.diagnostic(`first 4 s ${JSON.stringify(summary(narrowing))}, then ${JSON.stringify(summary(after))}`);
    await viewer.shot('2-mbit');
    assert.ok(after.length >= 16, `${after.length} pictures in 8 s`);
    assert.ok(percentile(after, 95) <= 500, `p95 ${percentile(after, 95)} ms behind`);
  });
});

fact('at 500 kbit/s the picture still moves, and is whole when the link is wide again', async ({ bridge, open, context }) => {
  await through(bridge, open, async (viewer, relay) => {
    relay.rate = 500 * KBIT;
    await sleep(4000);
    await viewer.take();
    const behind = await latencies(viewer, 8000);
    const { log, torn } = await viewer.take();
    context.diagnostic(`${log.length} pictures in 8 s, ${JSON.stringify(summary(behind))} ms behind`);
    await viewer.shot('500-kbit');
    assert.ok(log.length >= 4);
    assert.equal(torn, 0);
    relay.rate = Infinity;
    await sleep(3000);
    await viewer.take();
    await sleep(3000);
    const wide = await viewer.take();
    assert.ok(wide.log.length > 45, `${wide.log.length} pictures in 3 s`);
  });
});

fact('a hiccup of the link costs no more than itself', async ({ bridge, open, context }) => {
  await through(bridge, open, async (viewer, relay) => {
    await sleep(3000);
    relay.held = true;
    await sleep(400);
    relay.held = false;
    await sleep(1000);
    await viewer.take();
    await sleep(3000);
    const { log } = await viewer.take();
    context.diagnostic(`${log.length} pictures in 3 s, a second after 400 ms of silence`);
    assert.ok(log.length > 60);
  });
});

fact('bursts do not stop the picture', async ({ bridge, open, context }) => {
  await through(bridge, open, async (viewer, relay) => {
    await sleep(1000);
    for (let burst = 0; burst < 5; burst++) {
      relay.held = true;
      await sleep(700);
      relay.held = false;
      await sleep(300);
    }
    await sleep(700);
    await viewer.take();
    await sleep(2000);
    const { log } = await viewer.take();
    const { lastLatencyMs } = await viewer.stats();
    context.diagnostic(`${log.length} pictures in the 2 s after, ${Math.round(lastLatencyMs)} ms behind`);
    assert.ok(log.length > 30);
    assert.ok(lastLatencyMs < 300);
  });
});

fact('a connection that is reset comes back by itself within two seconds', async ({ bridge, open, context }) => {
  await through(bridge, open, async (viewer, relay) => {
    const delays = [];
    for (let round = 0; round < 3; round++) {
      const before = await viewer.counter();
      const { connections } = await viewer.stats();
      const cutAt = performance.now();
      relay.cut();
      await until(async () => (await viewer.stats()).connections > connections, { what: 'another connection' });
      await viewer.fresh({ after: before });
      delays.push(performance.now() - cutAt);
      await sleep(1000);
    }
    context.diagnostic(`picture again after ${delays.map(Math.round)} ms`);
    assert.ok(Math.max(...delays) < 2000);
  });
});

fact('a link that goes silent without closing is noticed', async ({ bridge, open, context }) => {
  await through(bridge, open, async (viewer, relay) => {
    const { connections } = await viewer.stats();
    relay.held = true;
    await until(async () => (await viewer.stats()).connections > connections || relay.accepted > 1 && viewer.text(), { limit: 25_000, what: 'an attempt at another connection' });
    await viewer.shot('silent-link');
    relay.held = false;
    const counter = await viewer.fresh({ after: await viewer.counter(), limit: 15_000 });
    context.diagnostic(`picture ${counter} after ${relay.accepted} connections`);
  });
}, { limit: 90_000 });
