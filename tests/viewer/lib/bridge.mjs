// desktop-bridge as a child process, on loopback, with synthetic pictures unless told otherwise.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './wait.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The newest build of the program, or what LUNETTE_BRIDGE names; undefined when there is none. */
export function bridgePath() {
  if (process.env.LUNETTE_BRIDGE) return process.env.LUNETTE_BRIDGE;
  const built = ['release', 'debug'].map((profile) => join(ROOT, 'target', profile, 'desktop-bridge')).filter(existsSync);
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

export class Bridge {
  /**
   * Starts one and waits until it listens.
   * @param {{pattern?: string, size?: string, fps?: number, port?: number, more?: string[], desktop?: object}} options
   */
  static async start(options = {}) {
    const bridge = new Bridge(options);
    await bridge.run();
    return bridge;
  }

  constructor({ pattern = 'scroll', size = '1280x720', fps = 30, port = 0, more = [], desktop } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'viewer-test-'));
    this.events = join(this.folder, 'events.jsonl');
    const synthetic = ['--source', 'pattern', '--pattern', pattern, '--size', size, '--fps', String(fps), '--sink', `log:${this.events}`];
    this.options = [...(desktop?.bridge().flags ?? synthetic), ...more];
    this.environment = desktop?.bridge().environment ?? process.env;
    this.port = port;
    this.log = createWriteStream(join(this.folder, 'bridge.log'), { flags: 'a' });
  }

  async run() {
    const listen = ['--listen', `127.0.0.1:${this.port}`];
    this.process = spawn(bridgePath(), [...listen, ...this.options], { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stderr.pipe(this.log, { end: false });
    const gone = new Promise((resolve) => (this.process.once('exit', resolve), this.process.once('error', resolve)));
    this.gone = gone;
    const lines = createInterface({ input: this.process.stdout });
    const announced = new Promise((resolve) => lines.on('line', (line) => line.startsWith('listening') && resolve(line)));
    const line = await Promise.race([announced, gone.then((code) => { throw new Error(`desktop-bridge ended (${code}): ${this.errors()}`); })]);
    this.port = Number(/http=\S*:(\d+)/.exec(line)[1]);
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  get pid() {
    return this.process.pid;
  }

  /** What it logged. */
  errors() {
    return readFileSync(join(this.folder, 'bridge.log'), 'utf8').slice(-2000);
  }

  /** Input that arrived, one object each. */
  input() {
    if (!existsSync(this.events)) return [];
    return readFileSync(this.events, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** Descriptors, threads and resident memory now. */
  footprint() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
    const descriptors = readdirSync(`/proc/${this.pid}/fd`).length;
    return { descriptors, threads: number('Threads'), residentKiB: number('VmRSS') };
  }

  /** CPU seconds of all threads so far. */
  cpuSeconds() {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async json(path, more) {
    return (await fetch(this.url + path, more)).json();
  }

  async kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    await this.gone;
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGTERM');
      const polite = await Promise.race([this.gone.then(() => true), until(() => false, { limit: 3000 }).catch(() => false)]);
      if (!polite) await this.kill();
    }
    this.log.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
