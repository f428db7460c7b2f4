// A real desktop without a virtual machine: headless sway with a terminal, captured by desktop-export.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { bridgePath } from './bridge.mjs';
import { until } from './wait.mjs';

/** Root is refused by sway; these are nobody and nogroup on Debian. */
const NOBODY = { uid: 65534, gid: 65534 };
const root = process.getuid() === 0;

const installed = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Why there can be no desktop, or undefined. */
export function noDesktop() {
  const missing = ['sway', 'foot'].filter((program) => !installed(program));
  if (missing.length) return `not installed: ${missing.join(', ')}`;
  if (!existsSync(exporter())) return 'desktop-export is not built';
  return undefined;
}

const exporter = () => join(dirname(bridgePath() ?? '/'), 'desktop-export');

export class Desktop {
  /** Starts one that shows `command` in a terminal, with these lines added to sway's configuration. */
  static async start(command, { size = '1280x720', configuration = '' } = {}) {
    const desktop = new Desktop();
    desktop.size = size;
    desktop.folder = mkdtempSync(join(tmpdir(), 'viewer-desktop-'));
    if (root) chownSync(desktop.folder, NOBODY.uid, NOBODY.gid);
    chmodSync(desktop.folder, 0o700);
    desktop.children = [];
    try {
      await desktop.#compositor(configuration);
      desktop.run('foot', ['--fullscreen', '--config=/dev/null', '--font=monospace:pixelsize=20', '--override=dpi-aware=no', ...command]);
      const exporting = desktop.run(exporter(), ['--tcp', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', desktop.log] });
      const lines = createInterface({ input: exporting.stdout });
      const line = await new Promise((resolve, reject) => {
        lines.on('line', resolve);
        exporting.on('exit', () => reject(new Error(`desktop-export ended: ${desktop.errors()}`)));
      });
      desktop.stream = /tcp=(\S+)/.exec(line)[1];
    } catch (error) {
      desktop.stop();
      throw error;
    }
    return desktop;
  }

  async #compositor(configuration) {
    const file = join(this.folder, 'sway.conf');
    writeFileSync(file, `output HEADLESS-1 mode --custom ${this.size}@60Hz\noutput * bg #000000 solid_color\ndefault_border none\nxwayland disable\n${configuration}\n`);
    chmodSync(file, 0o644);
    this.log = openSync(join(this.folder, 'desktop.log'), 'a');
    this.environment = { ...process.env, XDG_RUNTIME_DIR: this.folder, WLR_BACKENDS: 'headless', WLR_RENDERER: 'pixman', WLR_LIBINPUT_NO_DEVICES: '1' };
    this.run('sway', ['--unsupported-gpu', '--config', file], root ? NOBODY : {});
    await until(() => existsSync(join(this.folder, 'wayland-1')), { what: 'sway' });
    this.environment.WAYLAND_DISPLAY = 'wayland-1';
  }

  run(program, options, more = {}) {
    const child = spawn(program, options, { env: this.environment, stdio: ['ignore', this.log, this.log], ...more });
    child.on('error', () => {});
    this.children.push(child);
    return child;
  }

  /** Flags and environment of a bridge in front of this desktop. */
  bridge() {
    const more = ['--source', 'scanout', '--export', this.stream, '--scanout', '0', '--size', this.size, '--sink', 'wlroots'];
    return { flags: more, environment: this.environment };
  }

  errors() {
    return existsSync(this.folder) ? readFileSync(join(this.folder, 'desktop.log'), 'utf8').slice(-1500) : 'it was stopped';
  }

  stop() {
    for (const child of this.children.reverse()) child.kill('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
