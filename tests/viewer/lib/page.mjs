// The viewer's page, as a test sees it: what is painted, read off the canvas.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sampler } from './sampler.mjs';
import { until } from './wait.mjs';

const SHOTS = process.env.LUNETTE_SHOTS ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'target', 'viewer-shots');

export class Viewer {
  /** Opens the page in a context of its own, or in `context`. */
  static async open(browser, url, { context, watch = 'markers', viewport = { width: 1280, height: 800 }, init, ...more } = {}) {
    const viewer = new Viewer();
    viewer.context = context ?? (await browser.newContext({ viewport, ...more }));
    viewer.page = await viewer.context.newPage();
    viewer.complaints = [];
    viewer.page.on('pageerror', (error) => viewer.complaints.push(error.message));
    if (init) await viewer.page.addInitScript(init);
    const start = { markers: '__probe.watchMarkers()', nothing: '' }[watch];
    await viewer.page.addInitScript(sampler(start));
    viewer.openedAt = performance.now();
    await viewer.page.goto(url, { waitUntil: 'commit' });
    return viewer;
  }

  stats() {
    return this.page.evaluate(() => window.__lunette?.freshStats());
  }

  /** The counter in the picture now, or null. */
  counter() {
    return this.page.evaluate(() => window.__probe.markers().top?.counter ?? null);
  }

  /** Waits for a picture with a marker in it that was not there before; gives its counter. */
  async fresh({ after = -1, limit = 10_000 } = {}) {
    return until(async () => {
      const counter = await this.counter().catch(() => null);
      return counter !== null && counter !== after && { counter };
    }, { limit, what: 'a new picture with a readable counter' }).then(({ counter }) => counter);
  }

  /** Counters seen since the last call, as [milliseconds, counter]. */
  async take() {
    return this.page.evaluate(() => window.__probe.take());
  }

  text() {
    return this.page.evaluate(() => document.body.innerText);
  }

  /** Saves what the page looks like, for people. */
  async shot(name) {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`) });
  }

  async close() {
    await this.context.close();
  }
}
