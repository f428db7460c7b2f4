/**
 * What the page does before anything else: a worker that connects, and a canvas for it.
 *
 * It is small, so that the connection does not wait for the rest of the page to be fetched and run.
 */

import { baseUrl, streamUrl } from "./session/address";
import { clientId, lockClaim } from "./session/identity";
import type { FromWorker, ToWorker } from "./session/messages";
import { TokenBox } from "./session/token";
import { platform } from "./ui/platform";
import { load, type Settings } from "./ui/settings";

/** What the rest of the page takes over. */
export interface Early {
  readonly base: URL;
  readonly box: TokenBox;
  readonly settings: Settings;
  /** Belongs to the worker already. */
  readonly canvas: HTMLCanvasElement;
  /** Null when the browser cannot hand a canvas over. */
  readonly worker: Worker | null;
  /** What the worker said while nobody listened. */
  readonly heard: FromWorker[];
  readonly failures: string[];
}

declare global {
  interface Window {
    lunetteEarly?: Early;
  }
}

/** Starts the worker, whose script is at `script`. */
export function begin(script: string): Early {
  const base = baseUrl(document);
  const box = new TokenBox(sessionStorage, base.pathname);
  takeToken(box);
  const settings = load(platform() === "mac");
  const canvas = document.createElement("canvas");
  const able = "transferControlToOffscreen" in canvas;
  const early: Early = { base, box, settings, canvas, worker: able ? newWorker(script) : null, heard: [], failures: [] };
  if (early.worker) connect(early, early.worker);
  return early;
}

function takeToken(box: TokenBox): void {
  const left = box.takeFrom(location.hash);
  if (left !== null) history.replaceState(history.state, "", location.pathname + location.search + left);
}

function newWorker(script: string): Worker {
  return new Worker(script, { name: "lunette" });
}

function connect({ base, box, settings, canvas, heard, failures }: Early, worker: Worker): void {
  const post = (message: ToWorker, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => heard.push(data);
  worker.onerror = ({ message }) => failures.push(message);
  const setup = {
    ...{ url: streamUrl(base), statusUrl: new URL("status", base).href, token: box.value },
    ...{ navigationAt: performance.timeOrigin, hidden: document.hidden },
  };
  post({ type: "setup", setup });
  const picture = canvas.transferControlToOffscreen();
  post({ type: "canvas", canvas: picture }, [picture]);
  void clientId(sessionStorage, lockClaim).then((id) => post({ type: "identity", identity: { clientId: id, userName: settings.userName } }));
}
