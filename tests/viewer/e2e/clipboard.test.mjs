// Clipboard both ways, and files dropped into the page.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const files = mkdtempSync(join(tmpdir(), 'viewer-files-'));
after(() => rmSync(files, { recursive: true }));
const fact = suite({ pattern: 'scroll', size: '1280x720', more: ['--folder', files] });
const PERMISSIONS = ['clipboard-read', 'clipboard-write'];

async function holding(open) {
  const viewer = await open(undefined, { permissions: PERMISSIONS });
  await viewer.fresh();
  await viewer.page.locator('canvas').first().click();
  await sleep(500);
  return viewer;
}

fact('what is pasted in the page is in the clipboard of the desktop', async ({ open, bridge }) => {
  const viewer = await holding(open);
  const text = 'größer ≠ kleiner 🙂';
  await viewer.page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await viewer.page.keyboard.press('Control+V');
  await until(async () => (await bridge.json('clipboard')).data === text, { limit: 5000, what: 'the text in the desktop' });
});

fact('what the desktop copies is in the clipboard of the browser', async ({ open, bridge }) => {
  const viewer = await holding(open);
  const text = 'copied in the desktop';
  const body = JSON.stringify({ type: 'text', data: text });
  await bridge.json('clipboard', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  await until(() => viewer.page.evaluate(() => navigator.clipboard.readText()).then((read) => read === text), { limit: 5000, what: 'the text in the browser' });
});

fact('a file that is dropped is uploaded whole', async ({ open }) => {
  const viewer = await holding(open);
  await viewer.page.evaluate(() => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) & 255);
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'drop ä.bin'));
    for (const type of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true, clientX: 400, clientY: 300 }));
    }
  });
  const [name] = await until(() => readdirSync(files).some((name) => name.includes('drop')) && readdirSync(files), { limit: 8000, what: 'the file' });
  await viewer.shot('dropped');
  await until(() => readFileSync(join(files, name)).length === 300_000, { what: 'all of its bytes' });
  const bytes = readFileSync(join(files, name));
  assert.ok(bytes.every((byte, index) => byte === ((index * 7) & 255)));
});
