// Debian's Chromium, driven by playwright-core.
import { chromium } from "playwright-core";

const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** A name that is no loopback address for the browser, and one all the same: pages there are not secure. */
export const INSECURE_HOST = "desktop.test";

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS.split(" "), `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`],
  });
