/** Starts the viewer: the worker first, since its connection is what a person waits for. */

import { render } from "preact";
import { exposeHook } from "./hook";
import { Stage } from "./render/stage";
import { Api, baseUrl } from "./session/api";
import { clientId, lockClaim } from "./session/identity";
import { TokenBox } from "./session/token";
import { App } from "./ui/app";
import { Desktop } from "./ui/desktop";
import { Inputs } from "./ui/inputs";
import { platform } from "./ui/platform";
import { load } from "./ui/settings";
import { initialState } from "./ui/state";
import { Store } from "./ui/store";
import type { ToolbarHandle } from "./ui/toolbar";

const base = baseUrl(document);
const box = new TokenBox(sessionStorage, base.pathname);
takeToken();
const settings = load(platform() === "mac");
const api = new Api(base, () => box.value);
const stage = new Stage(settings.fit);
const desktop = new Desktop(new Store(initialState(settings)), stage, box, api);
void connect();
exposeHook(desktop);
// The script does not wait for the page, since the worker can start meanwhile.
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", draw, { once: true });
else draw();

function takeToken(): void {
  const left = box.takeFrom(location.hash);
  if (left !== null) history.replaceState(history.state, "", location.pathname + location.search + left);
}

async function connect(): Promise<void> {
  if (!("transferControlToOffscreen" in HTMLCanvasElement.prototype)) return desktop.tooOld();
  desktop.remote.canvas(stage.canvas);
  const id = await clientId(sessionStorage, lockClaim);
  desktop.remote.setup({
    url: api.streamUrl,
    statusUrl: api.url("status"),
    clientId: id,
    userName: settings.userName,
    token: box.value,
    navigationAt: performance.timeOrigin,
    hidden: document.hidden,
  });
  if (settings.hud) desktop.remote.post({ type: "details", on: true });
}

function draw(): void {
  document.body.prepend(stage.element);
  const title = document.querySelector<HTMLMetaElement>('meta[name="lunette-title"]')?.content ?? `Desktop on ${location.host}`;
  document.title = title;
  const toolbar: ToolbarHandle = { focus: () => undefined };
  const inputs = new Inputs(desktop, platform(), () => toolbar.focus());
  const root = document.getElementById("lunette");
  if (root) render(<App desktop={desktop} inputs={inputs} title={title} toolbar={toolbar} />, root);
  stage.focus();
}
