// Debian's Chromium, without anything that it does for itself.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = [process.env.LUNETTE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Chromium is, or undefined. */
export function chromiumPath() {
  return PLACES.find((path) => path && existsSync(path));
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--autoplay-policy=no-user-gesture-required',
];

/** Starts Chromium with an empty profile. */
export function launch(extra = []) {
  return chromium.launch({ executablePath: chromiumPath(), headless: true, args: [...FLAGS, ...extra] });
}
