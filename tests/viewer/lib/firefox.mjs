// Debian's Firefox without a screen, by the protocol that it brings: Marionette.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './wait.mjs';

const PLACES = [process.env.LUNETTE_FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'];
/** Whatever port is free, and nothing that Firefox does for itself. */
const PREFERENCES = {
  'marionette.port': 0,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
};

/** Where Firefox is, or undefined. */
export function firefoxPath() {
  return PLACES.find((path) => path && existsSync(path));
}

/** One window of a Firefox with an empty profile. */
export class Firefox {
  #socket;
  #received = Buffer.alloc(0);
  #waiting = new Map();
  #last = 0;

  static async launch() {
    const firefox = new Firefox();
    try {
      await firefox.#start();
    } catch (error) {
      await firefox.close();
      throw error;
    }
    return firefox;
  }

  async #start() {
    this.profile = mkdtempSync(join(tmpdir(), 'viewer-firefox-'));
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
    writeFileSync(join(this.profile, 'user.js'), lines.join('\n'));
    const words = ['--headless', '--marionette', '--no-remote', '--profile', this.profile];
    const env = { ...process.env, HOME: this.profile, MOZ_HEADLESS_WIDTH: '1400', MOZ_HEADLESS_HEIGHT: '900' };
    this.process = spawn(firefoxPath(), words, { env, stdio: 'ignore' });
    this.gone = new Promise((resolve) => (this.process.once('exit', resolve), this.process.once('error', resolve)));
    const told = join(this.profile, 'MarionetteActivePort');
    const port = await until(() => existsSync(told) && Number(readFileSync(told, 'utf8')), { limit: 60_000, what: 'Firefox' });
    this.#socket = connect(port, '127.0.0.1');
    const greeted = new Promise((resolve, reject) => (this.#waiting.set(null, resolve), this.#socket.once('error', reject)));
    this.#socket.on('data', (data) => this.#take(data));
    this.#socket.on('close', () => this.#lost());
    await greeted;
    await this.#order('WebDriver:NewSession', { capabilities: {} });
  }

  /** Messages are `length:json`. The first one is a greeting, each other one an answer: [1, id, error, result]. */
  #take(data) {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const colon = this.#received.indexOf(':');
      const length = Number(this.#received.subarray(0, colon));
      if (colon < 0 || this.#received.length < colon + 1 + length) return;
      const message = JSON.parse(this.#received.subarray(colon + 1, colon + 1 + length));
      this.#received = this.#received.subarray(colon + 1 + length);
      const id = Array.isArray(message) ? message[1] : null;
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
    }
  }

  /** Whoever still waits for an answer gets this one. */
  #lost() {
    for (const [id, answered] of this.#waiting) answered([1, id, { message: 'Firefox is gone' }, null]);
    this.#waiting.clear();
  }

  async #order(name, parameters = {}) {
    const id = ++this.#last;
    const answered = new Promise((resolve) => this.#waiting.set(id, resolve));
    const text = JSON.stringify([0, id, name, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    const [, , error, result] = await answered;
    if (error) throw new Error(`Firefox, ${name}: ${error.message}`);
    return result.value;
  }

  open(url) {
    return this.#order('WebDriver:Navigate', { url });
  }

  /** What `script`, a function's body, returns in the page; promises are waited for. */
  evaluate(script) {
    return this.#order('WebDriver:ExecuteScript', { script, args: [] });
  }

  /** Presses and lets go of one key after the other. */
  type(text) {
    const actions = [...text].flatMap((value) => ['keyDown', 'keyUp'].map((type) => ({ type, value })));
    return this.#order('WebDriver:PerformActions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  click(x, y) {
    const press = [{ type: 'pointerMove', x, y }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }];
    return this.#order('WebDriver:PerformActions', { actions: [{ type: 'pointer', id: 'mouse', actions: press }] });
  }

  async shot(path) {
    const picture = await this.#order('WebDriver:TakeScreenshot', { full: false });
    writeFileSync(path, Buffer.from(picture, 'base64'));
  }

  async close() {
    this.#socket?.destroy();
    this.process?.kill('SIGTERM');
    const ended = await Promise.race([this.gone, until(() => false, { limit: 5000 }).catch(() => 'stays')]);
    if (ended === 'stays') this.process.kill('SIGKILL');
    await this.gone;
    if (this.profile) rmSync(this.profile, { recursive: true, force: true });
  }
}
