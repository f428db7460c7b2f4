/** The page around the picture: the worker connects already, see `early.ts`. */

import { render } from "preact";
import type { Early } from "./early";
import { exposeHook } from "./hook";
import { Stage } from "./render/stage";
import { Api } from "./session/api";
import { App } from "./ui/app";
import { Desktop } from "./ui/desktop";
import { Inputs } from "./ui/inputs";
import { platform } from "./ui/platform";
import { initialState } from "./ui/state";
import { Store } from "./ui/store";
import type { ToolbarHandle } from "./ui/toolbar";

if (window.lunetteEarly) start(window.lunetteEarly);

function start(early: Early): void {
  const { base, box, settings, canvas } = early;
  const stage = new Stage(settings.fit, canvas);
  const desktop = new Desktop(new Store(initialState(settings)), stage, box, new Api(base, () => box.value), early);
  if (settings.hud) desktop.remote.post({ type: "details", on: true });
  exposeHook(desktop);
  draw(desktop);
}

function draw(desktop: Desktop): void {
  const { stage } = desktop;
  document.body.prepend(stage.element);
  const title = document.querySelector<HTMLMetaElement>('meta[name="lunette-title"]')?.content ?? `Desktop on ${location.host}`;
  document.title = title;
  const toolbar: ToolbarHandle = { focus: () => undefined };
  const inputs = new Inputs(desktop, platform(), () => toolbar.focus());
  // The tab may have been hidden or shown since the worker was started.
  desktop.visibility(document.hidden);
  const root = document.getElementById("lunette");
  if (root) render(<App desktop={desktop} inputs={inputs} title={title} toolbar={toolbar} />, root);
  stage.focus();
}
