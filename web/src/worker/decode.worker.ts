/** The worker's end: hands the page's messages to the viewer. */

import type { FromWorker, Setup, ToWorker } from "../session/messages";
import { Viewer } from "./viewer";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const post = (message: FromWorker, transfer: Transferable[] = []): void => scope.postMessage(message, transfer);

/** Listens to the page, whose first message is the set-up. */
export function serve(): void {
  let viewer: Viewer | null = null;
  scope.onmessage = ({ data }) => {
    if (data.type === "setup") viewer = start(data.setup);
    else if (viewer) pass(viewer, data);
  };
}

function start(setup: Setup): Viewer | null {
  if (typeof VideoDecoder !== "undefined") return new Viewer(setup, post);
  post({ type: "trouble", trouble: "no-webcodecs", detail: "" });
  return null;
}

function pass(to: Viewer, message: Exclude<ToWorker, { type: "setup" }>): void {
  switch (message.type) {
    case "identity":
      return to.identity(message.identity);
    case "canvas":
      return to.canvas(message.canvas);
    case "send":
      return to.send(message.bytes);
    case "control":
      return to.control(message.request);
    case "visibility":
      return to.visibility(message.hidden);
    case "online":
      return to.online();
    case "retry":
      return to.retry(message.token);
    case "leave":
      return to.leave();
    case "resume":
      return to.resume();
    case "details":
      return to.details(message.on);
    case "ask-stats":
      return post({ type: "stats", id: message.id, counters: to.counters() });
    case "read-pixels": {
      const pixels = to.pixels(message.x, message.y, message.width, message.height);
      return post({ type: "pixels", id: message.id, pixels }, pixels ? [pixels] : []);
    }
  }
}
