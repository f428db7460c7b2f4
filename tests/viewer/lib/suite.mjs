// What every file of tests starts with: a browser and a bridge, or the reason why there are none.
import { after, before, test } from 'node:test';
import { Bridge, bridgePath } from './bridge.mjs';
import { chromiumPath, launch } from './browser.mjs';
import { Viewer } from './page.mjs';

/** Long forms run when LUNETTE_LONG=1. */
export const long = process.env.LUNETTE_LONG === '1';

/** Why nothing can run here, or undefined. */
export function missing({ browser = true } = {}) {
  if (!bridgePath()) return 'desktop-bridge is not built';
  if (browser && !chromiumPath()) return 'there is no Chromium';
  return undefined;
}

/** One bridge, and one browser where `browser`, for all tests of a file; `fact` is `test` with both at hand. */
export function suite(options = {}, { browser = true, flags = [] } = {}) {
  const why = missing({ browser });
  const shared = { bridge: null, browser: null };
  if (!why) {
    before(async () => {
      shared.bridge = await Bridge.start(options);
      if (browser) shared.browser = await launch(flags);
    });
    after(async () => {
      await shared.browser?.close();
      await shared.bridge?.stop();
    });
  }
  return fixture(why, shared);
}

function fixture(why, shared) {
  /** A test by the fact that it states; the body gets `open`, which closes what it opened. */
  return function fact(name, body, { limit = 60_000 } = {}) {
    if (why) console.log(`NOT RUN: ${name}: ${why}`);
    test(name, { skip: why, timeout: limit }, async (context) => {
      const opened = [];
      const open = async (url, more) => {
        const viewer = await Viewer.open(shared.browser, url ?? shared.bridge.url, more);
        opened.push(viewer);
        return viewer;
      };
      try {
        await body({ ...shared, open, context });
      } catch (error) {
        console.log(`# bridge: ${shared.bridge.errors().split('\n').slice(-6).join('\n# bridge: ')}`);
        for (const [index, viewer] of opened.entries()) await viewer.shot(`failed-${slug(name)}-${index}`).catch(() => {});
        throw error;
      } finally {
        for (const viewer of opened) await viewer.close().catch(() => {});
      }
    });
  };
}

const slug = (name) => name.replaceAll(/\W+/g, '-').slice(0, 60);
