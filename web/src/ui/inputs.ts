/** Connects keyboard, pointer, fingers and files with a desktop. */

import type { Bytes } from "../protocol/client";
import { acceptDrops } from "../input/drop";
import { Keyboard } from "../input/keyboard";
import { KeyField, type Shortcut } from "../input/keys";
import { type InputSink, PointerInput } from "../input/pointer";
import { TouchInput } from "../input/touch";
import type { Desktop } from "./desktop";
import { leftFullscreen, lockPointer, type Platform, toggleFullscreen } from "./platform";

export class Inputs {
  readonly #keyboard: Keyboard;
  readonly #keys: KeyField;
  readonly #pointer: PointerInput;
  readonly #touch: TouchInput;

  constructor(
    private readonly desktop: Desktop,
    platform: Platform,
    onToolbar: () => void,
  ) {
    const { stage, store } = desktop;
    const sink: InputSink = {
      // Who has lost control lets go of nothing: the server has done it, and refuses the rest.
      send: (...messages: readonly Bytes[]) => {
        if (desktop.mayControl("point")) desktop.remote.send(...messages);
      },
      mayControl: (intent) => desktop.mayControl(intent),
      tried: () => desktop.tried(),
    };
    this.#keyboard = new Keyboard({ platform, swapCommand: false, byCharacter: false });
    this.#keys = new KeyField(stage.field, this.#keyboard, sink, {
      shortcut: (name) => this.#shortcut(name, onToolbar),
      paste: (data) => desktop.clipboard.paste(data),
      get pasteSupported() {
        return store.value.capabilities.clipboard;
      },
    });
    this.#pointer = new PointerInput(stage, sink);
    this.#touch = new TouchInput(stage, sink, (at) => desktop.showPointer(at));
    desktop.onReleased = () => this.#forgetAll();
    desktop.onRoundTrip = (ms) => {
      this.#pointer.roundTrip = ms;
      this.#touch.roundTrip = ms;
    };
    acceptDrops({
      hovering: (dropping) => store.set({ dropping }),
      dropped: (files) => desktop.uploads.add(files),
    });
    this.#watch();
    this.#settings();
    store.subscribe(() => this.#settings());
  }

  /** Lets go of everything, here and on the desktop. */
  releaseAll(): void {
    const anything = this.#keyboard.anythingHeld || this.#pointer.anythingHeld;
    this.#forgetAll();
    if (anything) this.desktop.remote.control({ release_keys: true });
  }

  toggleSoftKeyboard(): void {
    const { stage, store } = this.desktop;
    const open = !store.value.softKeyboard;
    store.set({ softKeyboard: open });
    this.#keys.live = open;
    // Only a fresh focus makes a touch device look at the mode again.
    stage.field.blur();
    stage.field.inputMode = open ? "text" : "none";
    stage.focus();
  }

  #forgetAll(): void {
    this.#keys.releaseAll();
    this.#pointer.releaseAll();
    this.#touch.releaseAll();
  }

  #settings(): void {
    const { settings, capabilities } = this.desktop.store.value;
    const { swapCommand, byCharacter, touch } = settings;
    this.#keyboard.options.swapCommand = swapCommand;
    this.#keyboard.options.byCharacter = byCharacter;
    // A desktop without a touch screen still has a pointer.
    this.#touch.mode = capabilities.touch ? touch : "trackpad";
    if (touch === "touch" && capabilities.touch) this.desktop.showPointer(null);
  }

  #shortcut(name: Shortcut, onToolbar: () => void): void {
    const { desktop } = this;
    switch (name) {
      case "hud":
        return desktop.change({ hud: !desktop.store.value.settings.hud });
      case "toolbar":
        return onToolbar();
      case "fullscreen":
        return void toggleFullscreen();
      case "pointer-lock":
        return void lockPointer(desktop.stage.element);
    }
  }

  #watch(): void {
    const { desktop } = this;
    addEventListener("blur", () => this.releaseAll());
    desktop.stage.field.addEventListener("blur", () => this.releaseAll());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.releaseAll();
      desktop.visibility(document.hidden);
    });
    addEventListener("online", () => desktop.remote.post({ type: "online" }));
    addEventListener("pagehide", () => {
      this.releaseAll();
      desktop.remote.post({ type: "leave" });
    });
    addEventListener("pageshow", (event) => event.persisted && desktop.remote.post({ type: "resume" }));
    document.addEventListener("fullscreenchange", () => {
      const fullscreen = document.fullscreenElement !== null;
      desktop.store.set({ fullscreen });
      if (!fullscreen) leftFullscreen();
    });
    document.addEventListener("pointerlockchange", () => {
      desktop.store.set({ pointerLocked: document.pointerLockElement === desktop.stage.element });
    });
  }
}
