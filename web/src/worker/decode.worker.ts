/** The worker's entry: hands the page's messages to the viewer. */

import type { FromWorker, Setup, ToWorker } from "../session/messages";
import { Viewer } from "./viewer";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const post = (message: FromWorker, transfer: Transferable[] = []): void => scope.postMessage(message, transfer);

type Later = Exclude<ToWorker, { type: "setup" }>;

let viewer: Viewer | null = null;
/** The canvas comes before the set-up, which waits for the tab's id. */
let early: Later[] = [];

scope.onmessage = ({ data }) => {
  if (data.type === "setup") start(data.setup);
  else if (viewer) pass(viewer, data);
  else early.push(data);
};

function start(setup: Setup): void {
  if (typeof VideoDecoder === "undefined") return post({ type: "trouble", trouble: "no-webcodecs", detail: "" });
  const started = new Viewer(setup, post);
  viewer = started;
  for (const message of early) pass(started, message);
  early = [];
}

function pass(to: Viewer, message: Later): void {
  switch (message.type) {
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
