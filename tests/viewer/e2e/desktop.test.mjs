// A person works in a real desktop through the page: what is typed is what a program there reads.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { desktopFact } from '../lib/desktop-suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

/** The terminal writes what it reads into a file. */
function fact(name, more, body) {
  const command = ['sh', '-c', 'stty -echoctl; exec cat > "$XDG_RUNTIME_DIR/typed"'];
  desktopFact(name, { command, ...more }, async ({ desktop, viewer, context }) => {
    const file = join(desktop.folder, 'typed');
    const typed = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    const expect = async (text) => {
      await viewer.page.keyboard.press('Enter');
      await until(() => typed().endsWith('\n'), { limit: 8000, what: 'the line' }).catch(() => {});
      await sleep(300);
      await viewer.shot(`typed-${name.replaceAll(/\W+/g, '-').slice(0, 40)}`);
      assert.equal(typed(), `${text}\n`);
    };
    await body({ viewer, expect, context });
  });
}

const ASCII = 'The quick brown fox; jumps_over {the} [lazy] dog? 0123456789 !@#$%^&*()-+=|\\~`\'"<>,./';

const UPPER = '~!@#$%^&*()_+{}|:"<>?ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = "`1234567890-=[]\\;',./abcdefghijklmnopqrstuvwxyz";

/** As fingers do it: Playwright's own `type` sends capitals without Shift. */
async function type(keyboard, text) {
  for (const character of text) {
    const shifted = UPPER.indexOf(character);
    if (shifted >= 0) await keyboard.down('Shift');
    await keyboard.press(shifted >= 0 ? LOWER[shifted] : character);
    if (shifted >= 0) await keyboard.up('Shift');
  }
}

fact('every character of an American keyboard arrives as typed', {}, async ({ viewer, expect }) => {
  await type(viewer.page.keyboard, ASCII);
  await expect(ASCII);
});

fact('text of any language arrives as typed on a German desktop', { configuration: 'input * xkb_layout de' }, async ({ viewer, expect }) => {
  const session = await viewer.context.newCDPSession(viewer.page);
  const lines = ['Größe: äöüÄÖÜß €@', 'déjà vu, ça va', 'かな カナ 漢字', '🙂🚀'];
  for (const text of lines) {
    await session.send('Input.insertText', { text });
    await sleep(400);
  }
  await expect(lines.join(''));
});

fact('typing fast loses and swaps nothing', {}, async ({ viewer, expect }) => {
  const text = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
  await type(viewer.page.keyboard, text);
  await expect(text);
});
