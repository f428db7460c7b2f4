// The viewer in Firefox: pictures are decoded and painted, and keys arrive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Bridge, bridgePath } from '../lib/bridge.mjs';
import { Firefox, firefoxPath } from '../lib/firefox.mjs';
import { bottomRight, MARKER, readMarker } from '../lib/marker.mjs';
import { until } from '../lib/wait.mjs';

const [WIDTH, HEIGHT] = [1280, 720];
const why = !bridgePath() ? 'desktop-bridge is not built' : !firefoxPath() ? 'there is no Firefox' : undefined;
let bridge, firefox;

if (why) {
  console.log(`NOT RUN: the viewer in Firefox: ${why}`);
} else {
  before(async () => {
    bridge = await Bridge.start({ pattern: 'scroll', size: `${WIDTH}x${HEIGHT}`, fps: 10 });
    firefox = await Firefox.launch();
    await firefox.open(bridge.url);
  }, { timeout: 120_000 });
  after(async () => {
    await firefox?.close();
    await bridge?.stop();
  });
}

/** What the marker in a corner of the painted picture says; null before there is one. */
async function marker({ x, y }) {
  const { width, height } = MARKER;
  const pixels = await firefox.evaluate(
    `return window.__lunette?.readPixels(${x}, ${y}, ${width}, ${height}).then((pixels) => pixels && [...pixels]) ?? null`,
  );
  return pixels && readMarker(pixels);
}

test('pictures are painted whole, and move on', { skip: why, timeout: 120_000 }, async (context) => {
  const seen = [];
  await until(
    async () => {
      const now = await marker(bottomRight(WIDTH, HEIGHT));
      if (now && now.counter !== seen.at(-1)) seen.push(now.counter);
      return seen.length >= 10;
    },
    { limit: 60_000, what: 'ten counters off the canvas' },
  );
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b), 'a counter went back');
  const stats = await firefox.evaluate('return window.__lunette.freshStats()');
  context.diagnostic(`first painted ${Math.round(stats.firstPaintMs)} ms after navigation, ${stats.painted} of ${stats.received} painted`);
  assert.equal(stats.decoderResets, 0);
  assert.deepEqual([stats.width, stats.height], [WIDTH, HEIGHT]);
});

test('what is typed arrives', { skip: why, timeout: 60_000 }, async () => {
  await firefox.click(700, 450);
  await firefox.type('az');
  const pressed = () => bridge.input().filter(({ down }) => down).map(({ type, button, code }) => [type, button ?? code]);
  await until(() => pressed().length >= 3, { what: 'a button and two keys' });
  assert.deepEqual(pressed(), [['button', 272], ['key', 30], ['key', 44]]);
});
