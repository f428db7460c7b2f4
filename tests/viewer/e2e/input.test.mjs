// What a person does in the page is what arrives at the desktop's sink, each event as one line of a log.
import assert from 'node:assert/strict';
import { Client } from '../lib/client.mjs';
import { summary } from '../lib/stats.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const fact = suite({ pattern: 'scroll', size: '1280x720' });
const KEY = { a: 30, b: 48, c: 46, leftShift: 42, leftCtrl: 29, enter: 28, f5: 63, tab: 15, escape: 1 };

/** A page with a picture that holds the input, and the events that come from now on. */
async function holding(open, bridge, more) {
  const viewer = await open(undefined, more);
  await viewer.fresh();
  const box = await viewer.page.locator('canvas').first().boundingBox();
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await viewer.page.mouse.click(...at(0.5, 0.9));
  await until(() => bridge.input().some(({ type }) => type === 'button'), { what: 'the first click' });
  await sleep(300);
  const seen = bridge.input().length;
  const events = () => bridge.input().slice(seen);
  return { viewer, at, box, events };
}

const keys = (events) => events().filter(({ type }) => type === 'key').map(({ code, down }) => [code, down]);

fact('keys arrive by their place, in order, each down and up once', async ({ open, bridge }) => {
  const { viewer, events } = await holding(open, bridge);
  await viewer.page.keyboard.type('abc');
  await viewer.page.keyboard.press('Shift+A');
  await viewer.page.keyboard.press('F5');
  await viewer.page.keyboard.press('Tab');
  await until(() => keys(events).length >= 14, { what: 'fourteen key events' });
  const press = (code) => [[code, true], [code, false]];
  const shifted = [[KEY.leftShift, true], ...press(KEY.a), [KEY.leftShift, false]];
  assert.deepEqual(keys(events), [...press(KEY.a), ...press(KEY.b), ...press(KEY.c), ...shifted, ...press(KEY.f5), ...press(KEY.tab)]);
});

fact('modifiers that are held are let go when the page loses focus, and when it goes', async ({ open, bridge }) => {
  const { viewer, events } = await holding(open, bridge);
  await viewer.page.keyboard.down('Control');
  await until(() => keys(events).length === 1, { what: 'Control down' });
  await viewer.page.evaluate(() => window.dispatchEvent(new Event('blur')));
  await until(() => keys(events).length === 2, { what: 'Control up' });
  assert.deepEqual(keys(events), [[KEY.leftCtrl, true], [KEY.leftCtrl, false]]);
  await viewer.page.keyboard.up('Control');
  await viewer.page.keyboard.down('Control');
  await until(() => keys(events).length === 3, { what: 'Control down again' });
  await viewer.context.close();
  await until(() => keys(events).at(-1)[1] === false, { what: 'Control up after the page is gone' });
});

fact('keys held by a connection that breaks are let go', async ({ bridge }) => {
  const seen = bridge.input().length;
  const client = await Client.open(bridge.url);
  await client.picture();
  client.send(Buffer.of(0x10, 0, 1, 0, 0, KEY.leftCtrl));
  await until(() => bridge.input().length > seen, { what: 'Control down' });
  client.socket.terminate();
  const released = () => bridge.input().slice(seen).some(({ code, down }) => code === KEY.leftCtrl && down === false);
  await until(released, { limit: 5000, what: 'Control up' });
});

fact('the pointer goes where it is put, all over the picture, within a pixel', async ({ open, bridge }) => {
  const { viewer, at, box, events } = await holding(open, bridge);
  // Below the toolbar, which belongs to the page.
  for (const y of [0.12, 0.3, 0.5, 0.75, 0.98]) {
    for (const x of [0.01, 0.33, 0.5, 0.66, 0.99]) {
      await viewer.page.mouse.move(...at(x, y));
      const near = ({ type, ...event }) => type === 'move_to' && Math.abs(event.x - x) < 1.5 / box.width && Math.abs(event.y - y) < 1.5 / box.height;
      await until(() => events().some(near), { limit: 3000, what: `the pointer at ${x}, ${y}: ${JSON.stringify(events().at(-1))}` });
    }
  }
});

fact('buttons and a drag arrive at their places', async ({ open, bridge }) => {
  const { viewer, at, events } = await holding(open, bridge);
  await viewer.page.mouse.move(...at(0.2, 0.2));
  await viewer.page.mouse.down();
  await viewer.page.mouse.move(...at(0.6, 0.4), { steps: 5 });
  await viewer.page.mouse.up();
  await viewer.page.mouse.click(...at(0.6, 0.4), { button: 'right' });
  await until(() => events().filter(({ type }) => type === 'button').length >= 4, { what: 'four button events' });
  const story = events().filter(({ type }) => type === 'button' || type === 'move_to');
  const down = story.findIndex(({ button, down }) => button === 272 && down);
  const up = story.findIndex(({ button, down }) => button === 272 && down === false);
  assert.ok(story.slice(0, down).some(({ x }) => Math.abs(x - 0.2) < 0.01), 'the button went down before the pointer was there');
  assert.ok(story.slice(down, up).some(({ x }) => Math.abs(x - 0.6) < 0.01), 'the button went up before the pointer was there');
  assert.deepEqual(story.filter(({ type }) => type === 'button').slice(2).map(({ button, down }) => [button, down]), [[273, true], [273, false]]);
});

fact('a wheel turns in notches: down is positive, and three turns are three times one', async ({ open, bridge, context }) => {
  const { viewer, at, events } = await holding(open, bridge);
  await viewer.page.mouse.move(...at(0.5, 0.5));
  const turned = () => events().filter(({ type }) => type === 'scroll').reduce((sum, { dy }) => sum + dy, 0);
  await viewer.page.mouse.wheel(0, 120);
  await until(() => turned() > 0, { what: 'a scroll' });
  await sleep(300);
  const once = turned();
  context.diagnostic(`120 px are ${once} notches`);
  for (let turn = 0; turn < 3; turn++) {
    await viewer.page.mouse.wheel(0, -120);
    await sleep(100);
  }
  await until(() => Math.abs(turned() + 2 * once) < 0.01, { limit: 3000, what: `three turns back: ${turned()}` });
  assert.ok(once >= 0.5 && once <= 3, `${once} notches for one turn`);
});

fact('fingers arrive as fingers', async ({ open, bridge }) => {
  const { viewer, at, events } = await holding(open, bridge, { hasTouch: true });
  const session = await viewer.context.newCDPSession(viewer.page);
  const point = (id, x, y) => ({ id, x: at(x, y)[0], y: at(x, y)[1] });
  const touch = (type, touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
  await touch('touchStart', [point(1, 0.3, 0.3)]);
  await touch('touchStart', [point(1, 0.3, 0.3), point(2, 0.6, 0.3)]);
  await touch('touchMove', [point(1, 0.3, 0.5), point(2, 0.6, 0.5)]);
  await touch('touchEnd', []);
  const phases = (phase) => events().filter((event) => event.type === 'touch' && event.phase === phase);
  await until(() => phases('up').length === 2, { limit: 5000, what: `two fingers up: ${JSON.stringify(events())}` });
  assert.equal(new Set(phases('down').map(({ slot }) => slot)).size, 2);
  assert.ok(Math.abs(phases('down')[0].x - 0.3) < 0.01);
  assert.ok(phases('move').length >= 2);
});

fact('text from an input method arrives as it is', async ({ open, bridge }) => {
  const { viewer, events } = await holding(open, bridge);
  const session = await viewer.context.newCDPSession(viewer.page);
  for (const text of ['äöß', 'été', 'かな漢字', '🙂👩‍💻']) {
    await session.send('Input.imeSetComposition', { text: text.slice(0, 1), selectionStart: 1, selectionEnd: 1 });
    await session.send('Input.insertText', { text });
    await until(() => events().filter(({ type }) => type === 'text').map(({ text }) => text).join('').endsWith(text), { limit: 4000, what: `${text}: ${JSON.stringify(events())}` });
  }
});

fact('while somebody holds the input others watch, may ask, and get it', async ({ open, bridge }) => {
  const { viewer, events } = await holding(open, bridge);
  const other = await Client.open(bridge.url, { init: { user_name: 'Bea' } });
  await other.picture();
  other.send(Buffer.of(0x10, 0, 1, 0, 0, KEY.b));
  other.send(Buffer.of(0x10, 0, 0, 0, 0, KEY.b));
  await until(() => other.controls.some(({ refused }) => refused?.what === 'input'), { what: 'a refusal' });
  assert.ok(!keys(events).some(([code]) => code === KEY.b), 'refused input arrived');
  other.control({ input: 'request' });
  await sleep(1000);
  await viewer.shot('somebody-asks');
  await viewer.context.close();
  await until(() => other.controls.some(({ input }) => input?.you === 'holding' || input?.you === 'free'), { limit: 10_000, what: 'the input for who waited' });
  other.send(Buffer.of(0x10, 0, 1, 0, 0, KEY.c));
  other.send(Buffer.of(0x10, 0, 0, 0, 0, KEY.c));
  await until(() => bridge.input().some(({ code }) => code === KEY.c), { what: 'its key' });
  await other.leave();
});

fact('a key reaches the sink within a frame or two of being pressed', async ({ open, bridge, context }) => {
  const { viewer, events } = await holding(open, bridge);
  const delays = [];
  for (let round = 0; round < 20; round++) {
    const before = keys(events).length;
    const pressed = performance.now();
    await viewer.page.keyboard.press('a');
    await until(() => keys(events).length > before, { step: 1, what: 'the key' });
    delays.push(performance.now() - pressed);
    await sleep(30);
  }
  context.diagnostic(`key to sink ${JSON.stringify(summary(delays))} ms, the test's own way included`);
});
