// Clipboard both ways with a real desktop, and files dropped into the page.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { desktopFact } from '../lib/desktop-suite.mjs';
import { until } from '../lib/wait.mjs';

const files = mkdtempSync(join(tmpdir(), 'viewer-files-'));
after(() => rmSync(files, { recursive: true }));
const options = { command: ['sh', '-c', 'exec cat'], more: ['--folder', files], permissions: ['clipboard-read', 'clipboard-write'] };
const TEXT = 'größer ≠ kleiner 🙂';

/** What a program in the desktop would paste, where there is one to ask. */
function pasted(desktop) {
  const shown = spawnSync('wl-paste', ['--no-newline'], { env: desktop.environment, timeout: 3000 });
  return shown.error ? undefined : shown.stdout.toString();
}

desktopFact('what is pasted in the page is in the clipboard of the desktop', options, async ({ viewer, bridge, desktop }) => {
  await viewer.page.evaluate((text) => navigator.clipboard.writeText(text), TEXT);
  await viewer.page.keyboard.press('Control+V');
  await until(async () => (await bridge.json('clipboard')).data === TEXT, { limit: 5000, what: 'the text in the desktop' });
  assert.equal(pasted(desktop) ?? TEXT, TEXT);
});

desktopFact('what the desktop copies is in the clipboard of the browser', options, async ({ viewer, bridge, desktop }) => {
  const copied = spawnSync('wl-copy', [TEXT], { env: desktop.environment, timeout: 3000, stdio: 'ignore' });
  if (copied.error) {
    const body = JSON.stringify({ type: 'text', data: TEXT });
    await bridge.json('clipboard', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  }
  await until(() => viewer.page.evaluate(() => navigator.clipboard.readText()).then((read) => read === TEXT), { limit: 5000, what: 'the text in the browser' });
});

desktopFact('a file that is dropped is uploaded whole', options, async ({ viewer }) => {
  await viewer.page.evaluate(() => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) & 255);
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'drop ä.bin'));
    for (const type of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true, clientX: 400, clientY: 300 }));
    }
  });
  const name = await until(() => readdirSync(files).find((name) => name.includes('drop')), { limit: 8000, what: 'the file' });
  await viewer.shot('dropped');
  await until(() => readFileSync(join(files, name)).length === 300_000, { what: 'all of its bytes' });
  const bytes = readFileSync(join(files, name));
  assert.ok(bytes.every((byte, index) => byte === ((index * 7) & 255)));
});
