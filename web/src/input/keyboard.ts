/**
 * Turns key events into messages and remembers what is down, so that everything can be let go.
 *
 * By position a key is sent as the place it has on the keyboard, and the desktop's layout gives it its meaning. By character
 * the browser's layout does, and the desktop gets a keysym. Text from an input method comes from `text.ts` instead.
 */

import { type Bytes, key as keyByCode, keysym as keyBySym, MODIFIER } from "../protocol/client";
import { EVDEV, isModifier, swapCommand } from "./keymap";
import { keysymOfKey } from "./keysym";

/** The members of a `KeyboardEvent` that matter. */
export interface KeyEvent {
  readonly code: string;
  readonly key: string;
  readonly keyCode: number;
  readonly repeat: boolean;
  readonly isComposing: boolean;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly timeStamp: number;
  getModifierState?(key: string): boolean;
}

export interface KeyboardOptions {
  readonly platform: "mac" | "windows" | "other";
  swapCommand: boolean;
  byCharacter: boolean;
}

export interface KeyResult {
  readonly messages: readonly Bytes[];
  /** Whether the browser must not act on the key itself. */
  readonly consumed: boolean;
}

type Held = { readonly by: "code"; readonly evdev: number } | { readonly by: "sym"; readonly sym: number };

/** Windows reports AltGr as Control and Alt at the same time. */
const ALTGR_GAP = 20;
const IGNORED: KeyResult = { messages: [], consumed: false };
const COMPOSING_KEYS = new Set(["Process", "Unidentified", "Compose"]);

export class Keyboard {
  readonly #held = new Map<string, Held>();
  #controlAt = -Infinity;

  constructor(readonly options: KeyboardOptions) {}

  get anythingHeld(): boolean {
    return this.#held.size > 0;
  }

  holds(code: string): boolean {
    return this.#held.has(code);
  }

  down(event: KeyEvent): KeyResult {
    if (isComposed(event)) return IGNORED;
    const code = this.#code(event.code);
    if (event.repeat && this.#held.has(code)) return { messages: [], consumed: true };
    const held = this.#meaning(code, event);
    if (!held) return IGNORED;
    const messages = this.#beforeAltGr(event, code);
    if (code === "ControlLeft") this.#controlAt = event.timeStamp;
    this.#held.set(code, held);
    messages.push(message(held, true, this.#modifiers(event)));
    if (this.#upNeverComes(code, event)) messages.push(...this.#release(code, this.#modifiers(event)));
    return { messages, consumed: true };
  }

  up(event: KeyEvent): KeyResult {
    const code = this.#code(event.code);
    const messages = this.#release(code, this.#modifiers(event));
    // macOS tells no key-up while Command is down, so what is left is let go with it.
    if (this.options.platform === "mac" && event.key === "Meta") messages.push(...this.#releaseWhere((held) => !isModifier(held)));
    return { messages, consumed: messages.length > 0 };
  }

  /** A key pressed and let go, with the modifiers that are down and those in `extra`. */
  tap(code: string, extra: readonly string[] = []): Bytes[] {
    const added = extra.filter((each) => !this.#held.has(each));
    const evdev = (each: string): number => EVDEV[each] ?? 0;
    return [
      ...added.map((each) => keyByCode(evdev(each), true, 0)),
      keyByCode(evdev(code), true, 0),
      keyByCode(evdev(code), false, 0),
      ...added.reverse().map((each) => keyByCode(evdev(each), false, 0)),
    ];
  }

  /** Lets go of everything: focus lost, tab hidden, connection gone. */
  releaseAll(): Bytes[] {
    return this.#releaseWhere(() => true);
  }

  /** A shared key of the browser's own, whose code the desktop needs under another name. */
  #code(code: string): string {
    return this.options.swapCommand ? swapCommand(code) : code;
  }

  #meaning(code: string, event: KeyEvent): Held | null {
    const evdev = EVDEV[code];
    const printable = [...event.key].length === 1;
    const plain = !event.ctrlKey && !event.metaKey && (!event.altKey || (event.getModifierState?.("AltGraph") ?? false));
    const byCharacter = this.options.byCharacter && printable && plain;
    if (evdev !== undefined && !byCharacter) return { by: "code", evdev };
    const sym = keysymOfKey(event.key);
    return sym === null ? null : { by: "sym", sym };
  }

  #beforeAltGr(event: KeyEvent, code: string): Bytes[] {
    const phantom = code === "AltRight" && event.key === "AltGraph" && event.timeStamp - this.#controlAt < ALTGR_GAP;
    return phantom && this.options.platform === "windows" ? this.#release("ControlLeft", 0) : [];
  }

  #upNeverComes(code: string, event: KeyEvent): boolean {
    if (this.options.platform !== "mac") return false;
    return code === "CapsLock" || (event.metaKey && !isModifier(code));
  }

  #release(code: string, modifiers: number): Bytes[] {
    const held = this.#held.get(code);
    if (!held) return [];
    this.#held.delete(code);
    return [message(held, false, modifiers)];
  }

  #releaseWhere(choose: (code: string) => boolean): Bytes[] {
    return [...this.#held.keys()].filter(choose).flatMap((code) => this.#release(code, 0));
  }

  #modifiers(event: KeyEvent): number {
    const [ctrl, meta] = this.options.swapCommand ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
    return (
      Number(event.shiftKey) * MODIFIER.shift + Number(ctrl) * MODIFIER.ctrl + Number(event.altKey) * MODIFIER.alt + Number(meta) * MODIFIER.meta
    );
  }
}

/** Keys that an input method or a soft keyboard is at work with; their text comes another way. */
function isComposed(event: KeyEvent): boolean {
  return event.isComposing || event.keyCode === 229 || COMPOSING_KEYS.has(event.key);
}

function message(held: Held, down: boolean, modifiers: number): Bytes {
  return held.by === "code" ? keyByCode(held.evdev, down, modifiers) : keyBySym(held.sym, down, modifiers);
}
