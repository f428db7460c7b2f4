import { describe, expect, it } from "vitest";
import { Composition } from "../src/input/composition";
import { type KeyEvent, Keyboard, type KeyboardOptions } from "../src/input/keyboard";
import { EVDEV, swapCommand } from "../src/input/keymap";
import { keysymOfCharacter, keysymOfKey } from "../src/input/keysym";
import { hex } from "./support/page";

describe("the key map", () => {
  /** Codes that the UI Events specification says a keyboard must have. */
  const REQUIRED = [
    ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ".split("").map((letter) => `Key${letter}`),
    ..."0123456789".split("").flatMap((digit) => [`Digit${digit}`, `Numpad${digit}`]),
    ...Array.from({ length: 24 }, (_, index) => `F${index + 1}`),
    ..."Backquote Backslash BracketLeft BracketRight Comma Equal IntlBackslash IntlRo IntlYen Minus Period Quote Semicolon Slash".split(" "),
    ..."AltLeft AltRight Backspace CapsLock ContextMenu ControlLeft ControlRight Enter MetaLeft MetaRight ShiftLeft ShiftRight Space Tab".split(" "),
    ..."Convert KanaMode Lang1 Lang2 NonConvert Delete End Help Home Insert PageDown PageUp".split(" "),
    ..."ArrowDown ArrowLeft ArrowRight ArrowUp NumLock Escape PrintScreen ScrollLock Pause".split(" "),
    ..."NumpadAdd NumpadComma NumpadDecimal NumpadDivide NumpadEnter NumpadEqual NumpadMultiply NumpadSubtract".split(" "),
    ..."NumpadParenLeft NumpadParenRight BrowserBack BrowserForward BrowserHome BrowserRefresh BrowserSearch".split(" "),
    ..."AudioVolumeDown AudioVolumeMute AudioVolumeUp MediaPlayPause MediaStop MediaTrackNext MediaTrackPrevious LaunchMail Eject".split(" "),
  ];

  it.each(REQUIRED)("has %s", (code) => {
    expect(EVDEV[code]).toBeGreaterThan(0);
    expect(EVDEV[code]).toBeLessThanOrEqual(0x2ff);
  });

  /** From the kernel's list of codes. */
  it.each([
    ["Escape", 1],
    ["Digit0", 11],
    ["Tab", 15],
    ["KeyP", 25],
    ["Enter", 28],
    ["KeyL", 38],
    ["Backslash", 43],
    ["Slash", 53],
    ["CapsLock", 58],
    ["F10", 68],
    ["NumpadDecimal", 83],
    ["IntlBackslash", 86],
    ["F12", 88],
    ["KanaMode", 93],
    ["NumpadEnter", 96],
    ["AltRight", 100],
    ["Home", 102],
    ["Delete", 111],
    ["Pause", 119],
    ["IntlYen", 124],
    ["ContextMenu", 127],
    ["Undo", 131],
    ["Copy", 133],
    ["Help", 138],
    ["F24", 194],
  ])("has %s where the kernel has it: %i", (code, evdev) => {
    expect(EVDEV[code]).toBe(evdev);
  });

  it("gives no two keys of a keyboard one code", () => {
    const codes = REQUIRED.map((code) => EVDEV[code]);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it("swaps Command and Control, and nothing else", () => {
    expect([..."ABC"].map((key) => swapCommand(`Key${key}`))).toEqual(["KeyA", "KeyB", "KeyC"]);
    expect(swapCommand(swapCommand("MetaLeft"))).toBe("MetaLeft");
    expect(swapCommand("MetaRight")).toBe("ControlRight");
  });
});

describe("keysyms", () => {
  it.each([
    ["a", 0x61],
    ["é", 0xe9],
    ["あ", 0x0100_3042],
    ["€", 0x0100_20ac],
    ["😀", 0x0101_f600],
    ["\n", 0xff0d],
  ])("of %s", (character, sym) => {
    expect(keysymOfCharacter(character)).toBe(sym);
  });

  it("of named keys", () => {
    expect(keysymOfKey("Backspace")).toBe(0xff08);
    expect(keysymOfKey("F1")).toBe(0xffbe);
    expect(keysymOfKey("F12")).toBe(0xffc9);
    expect(keysymOfKey("Unidentified")).toBeNull();
    expect(keysymOfCharacter("ab")).toBeNull();
  });
});

const OPTIONS: KeyboardOptions = { platform: "other", swapCommand: false, byCharacter: false };
const press = (code: string, key: string, more: Partial<KeyEvent> = {}): KeyEvent => ({
  ...{ code, key, keyCode: 0, repeat: false, isComposing: false },
  ...{ shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, timeStamp: 0, ...more },
});

/** Messages as `+code` and `-code`, with `*` before a keysym. */
function told(keyboard: Keyboard, ...events: (["down" | "up", KeyEvent])[]): string[] {
  return events.flatMap(([kind, event]) => keyboard[kind](event).messages.map(said));
}

function said(message: Uint8Array): string {
  const view = new DataView(message.buffer);
  const sign = message[2] === 1 ? "+" : "-";
  return message[1] === 0 ? `${sign}${view.getUint16(4)}` : `${sign}*${view.getUint32(4).toString(16)}`;
}

describe("the keyboard", () => {
  it("sends a key's place, and its modifiers beside it", () => {
    const { messages, consumed } = new Keyboard({ ...OPTIONS }).down(press("KeyA", "A", { shiftKey: true }));
    expect(messages.map(hex)).toEqual(["10000101001e"]);
    expect(consumed).toBe(true);
  });

  it("leaves repeating to the desktop", () => {
    const keyboard = new Keyboard({ ...OPTIONS });
    const again = press("KeyA", "a", { repeat: true });
    expect(told(keyboard, ["down", press("KeyA", "a")], ["down", again], ["down", again], ["up", press("KeyA", "a")])).toEqual(["+30", "-30"]);
  });

  it("sends keys without a place by their keysym", () => {
    expect(told(new Keyboard({ ...OPTIONS }), ["down", press("", "ö")], ["up", press("", "ö")])).toEqual(["+*f6", "-*f6"]);
  });

  it("sends nothing while an input method composes", () => {
    const keyboard = new Keyboard({ ...OPTIONS });
    for (const event of [press("KeyK", "k", { isComposing: true }), press("KeyK", "Process"), press("", "Unidentified", { keyCode: 229 })]) {
      expect(keyboard.down(event)).toEqual({ messages: [], consumed: false });
    }
  });

  it("lets go of everything once, and of nothing twice", () => {
    const keyboard = new Keyboard({ ...OPTIONS });
    told(keyboard, ["down", press("ControlLeft", "Control")], ["down", press("KeyC", "c", { ctrlKey: true })]);
    expect(keyboard.releaseAll().map(said)).toEqual(["-29", "-46"]);
    expect(keyboard.releaseAll()).toEqual([]);
    expect(told(keyboard, ["up", press("KeyC", "c")])).toEqual([]);
  });

  it("takes the phantom Control out of AltGr on Windows", () => {
    const keyboard = new Keyboard({ ...OPTIONS, platform: "windows" });
    const events = told(
      keyboard,
      ["down", press("ControlLeft", "Control", { timeStamp: 100 })],
      ["down", press("AltRight", "AltGraph", { timeStamp: 101 })],
      ["down", press("KeyQ", "@", { ctrlKey: true, altKey: true })],
    );
    expect(events).toEqual(["+29", "-29", "+100", "+16"]);
  });

  it("keeps a Control that was held before AltGr", () => {
    const keyboard = new Keyboard({ ...OPTIONS, platform: "windows" });
    const events = told(keyboard, ["down", press("ControlLeft", "Control", { timeStamp: 0 })], ["down", press("AltRight", "AltGraph", { timeStamp: 500 })]);
    expect(events).toEqual(["+29", "+100"]);
  });

  it("lets go at once of keys whose up macOS will not tell", () => {
    const keyboard = new Keyboard({ ...OPTIONS, platform: "mac", swapCommand: true });
    const events = told(
      keyboard,
      ["down", press("MetaLeft", "Meta", { metaKey: true })],
      ["down", press("KeyC", "c", { metaKey: true })],
      ["up", press("MetaLeft", "Meta")],
    );
    expect(events).toEqual(["+29", "+46", "-46", "-29"]);
  });

  it("lets go, with Command, of keys that were down before it", () => {
    const keyboard = new Keyboard({ ...OPTIONS, platform: "mac" });
    const events = told(keyboard, ["down", press("KeyA", "a")], ["down", press("MetaLeft", "Meta", { metaKey: true })], ["up", press("MetaLeft", "Meta")]);
    expect(events).toEqual(["+30", "+125", "-125", "-30"]);
  });

  it("reports swapped modifiers as the desktop sees them", () => {
    const keyboard = new Keyboard({ ...OPTIONS, swapCommand: true });
    expect(keyboard.down(press("KeyC", "c", { metaKey: true })).messages[0]?.[3]).toBe(2);
  });

  it("sends characters by keysym when they go by character, shortcuts by place all the same", () => {
    const keyboard = new Keyboard({ ...OPTIONS, byCharacter: true });
    expect(told(keyboard, ["down", press("KeyZ", "y")], ["up", press("KeyZ", "y")])).toEqual(["+*79", "-*79"]);
    expect(told(keyboard, ["down", press("KeyZ", "y", { ctrlKey: true })])).toEqual(["+44"]);
  });

  it("taps with the modifiers that are not down already", () => {
    const keyboard = new Keyboard({ ...OPTIONS });
    expect(keyboard.tap("KeyV", ["ControlLeft"]).map(said)).toEqual(["+29", "+47", "-47", "-29"]);
    keyboard.down(press("ControlLeft", "Control"));
    expect(keyboard.tap("KeyV", ["ControlLeft"]).map(said)).toEqual(["+47", "-47"]);
  });
});

describe("a composition", () => {
  it("is followed by erasing what changed and typing what is new", () => {
    const composition = new Composition();
    expect(composition.update("ka")).toEqual({ erase: 0, insert: "ka" });
    expect(composition.update("か")).toEqual({ erase: 2, insert: "か" });
    expect(composition.update("かな")).toEqual({ erase: 0, insert: "な" });
    expect(composition.end("仮名")).toEqual({ erase: 2, insert: "仮名" });
    expect(composition.update("x")).toEqual({ erase: 0, insert: "x" });
  });

  it("counts characters and not their halves", () => {
    const composition = new Composition();
    composition.update("a😀");
    expect(composition.update("a")).toEqual({ erase: 1, insert: "" });
  });
});
