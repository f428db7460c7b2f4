// Tests in front of a real desktop: each starts its own, and a page that holds the input.
import { test } from 'node:test';
import { Bridge } from './bridge.mjs';
import { launch } from './browser.mjs';
import { Desktop, noDesktop } from './desktop.mjs';
import { Viewer } from './page.mjs';
import { missing } from './suite.mjs';
import { sleep, until } from './wait.mjs';

/** A test by its fact; `command` runs in the desktop's terminal, `more` are flags of the bridge. */
export function desktopFact(name, { command, configuration, more, permissions }, body) {
  const why = missing() ?? noDesktop();
  if (why) console.log(`NOT RUN: ${name}: ${why}`);
  test(name, { skip: why, timeout: 90_000 }, async (context) => {
    const ends = [];
    const keep = (thing, end = () => thing.stop()) => (ends.unshift(end), thing);
    let bridge;
    let viewer;
    try {
      const desktop = keep(await Desktop.start(command, { configuration }));
      bridge = keep(await Bridge.start({ desktop, more }));
      const browser = await launch();
      keep(browser, () => browser.close());
      viewer = await Viewer.open(browser, bridge.url, { watch: 'nothing', permissions });
      await until(async () => (await viewer.stats())?.painted > 0, { limit: 15_000, what: 'a picture of the desktop' });
      await viewer.page.locator('canvas').first().click();
      await sleep(1000);
      await body({ desktop, bridge, viewer, context });
    } catch (error) {
      console.log(`# bridge: ${bridge?.errors().split('\n').slice(-8).join('\n# bridge: ')}`);
      await viewer?.shot(`failed-${name.replaceAll(/\W+/g, '-').slice(0, 60)}`).catch(() => {});
      throw error;
    } finally {
      for (const end of ends) await end();
    }
  });
}
