/** Starts the viewer: the worker first, since its connection is what a person waits for. */

import type { Bytes } from "./protocol/client";
import { Keyboard } from "./input/keyboard";
import { PointerInput } from "./input/pointer";
import { Stage } from "./render/stage";
import { Api, baseUrl } from "./session/api";
import { clientId, lockClaim } from "./session/identity";
import { Remote } from "./session/remote";
import { TokenBox } from "./session/token";
import type { Counters } from "./session/messages";

const base = baseUrl(document);
const box = new TokenBox(sessionStorage, base.pathname);
const rest = box.takeFrom(location.hash);
if (rest !== null) history.replaceState(null, "", location.pathname + location.search + rest);
const api = new Api(base, () => box.value);
const stage = new Stage("fit");
let counters: Counters | null = null;
const remote = new Remote((message) => {
  if (message.type === "counters") counters = message.counters;
  if (message.type === "size") stage.setStream(message);
  if (message.type === "first-paint") performance.mark("lunette:first-paint", { startTime: message.at - performance.timeOrigin });
}, console.error);
document.body.append(stage.element);
remote.canvas(stage.canvas);
void clientId(sessionStorage, lockClaim).then((id) =>
  remote.setup({ url: api.streamUrl, statusUrl: api.url("status"), clientId: id, userName: "", token: box.value, navigationAt: performance.timeOrigin, hidden: document.hidden }),
);
const sink = { send: (...m: readonly Bytes[]) => remote.send(...m), mayControl: () => true, tried: () => undefined };
new PointerInput(stage, sink);
const keyboard = new Keyboard({ platform: "other", swapCommand: false, byCharacter: false });
stage.field.addEventListener("keydown", (e) => { const r = keyboard.down(e); remote.send(...r.messages); if (r.consumed) e.preventDefault(); });
stage.field.addEventListener("keyup", (e) => { const r = keyboard.up(e); remote.send(...r.messages); if (r.consumed) e.preventDefault(); });
stage.focus();
Object.assign(window, { __lunette: { stats: () => counters, readPixels: (x: number, y: number, w: number, h: number) => remote.pixels(x, y, w, h) } });
