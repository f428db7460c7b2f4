import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Bytes } from "../src/protocol/client";
import { Keyboard } from "../src/input/keyboard";
import { KeyField } from "../src/input/keys";
import { hex } from "./support/page";

/** A text area, as far as the field uses it. */
class FakeField extends EventTarget {
  value = "";
  setSelectionRange(): void {}
}

class Bench {
  readonly sent: string[] = [];
  readonly field = new FakeField();
  /** Ends the pushing of what was pasted. */
  pushed: () => void = () => undefined;
  broken: () => void = () => undefined;

  constructor() {
    const keyboard = new Keyboard({ platform: "other", swapCommand: false, byCharacter: false });
    const send = (...messages: readonly Bytes[]): void => void this.sent.push(...messages.map((message) => hex(message)));
    const sink = { send, mayControl: () => true, tried: () => undefined };
    const paste = (): Promise<void> => new Promise((resolve, reject) => ([this.pushed, this.broken] = [resolve, reject]));
    new KeyField(this.field as unknown as HTMLTextAreaElement, keyboard, sink, { shortcut: () => undefined, paste, pasteSupported: true });
  }

  on(type: string, more: object): this {
    this.field.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), more));
    return this;
  }

  press(code: string, key: string, ctrlKey = false): this {
    const event = { ...{ code, key, ctrlKey, keyCode: 0, repeat: false, isComposing: false }, ...{ shiftKey: false, altKey: false, metaKey: false } };
    return this.on("keydown", event).on("keyup", event);
  }

  /** Control V, as a hand does it. */
  pasteByKey(): this {
    const control = { ...{ code: "ControlLeft", key: "Control", keyCode: 17, repeat: false, isComposing: false }, ...{ shiftKey: false, altKey: false, metaKey: false } };
    this.on("keydown", { ...control, ctrlKey: true }).press("KeyV", "v", true);
    return this.on("paste", { clipboardData: { files: [], getData: () => "x" } }).on("keyup", { ...control, ctrlKey: false });
  }
}

/** Keys as `10 00 DOWN MODIFIERS CODE`. */
const CONTROL = ["10000102001d", "10000000001d"] as const;
const V = ["10000100002f", "10000000002f"] as const;
const ENTER = ["10000100001c", "10000000001c"] as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const settle = () => vi.advanceTimersByTimeAsync(0);

describe("keys behind a paste", () => {
  it("wait until the desktop has what is pasted", async () => {
    const bench = new Bench().pasteByKey().press("Enter", "Enter");
    await vi.advanceTimersByTimeAsync(1000);
    expect(bench.sent).toEqual([CONTROL[0]]);
    bench.pushed();
    await settle();
    expect(bench.sent).toEqual([CONTROL[0], ...V, CONTROL[1], ...ENTER]);
  });

  it("go on when there is nothing to paste", async () => {
    const bench = new Bench().press("KeyV", "v", true).press("Enter", "Enter");
    await vi.advanceTimersByTimeAsync(120);
    expect(bench.sent.slice(-2)).toEqual([...ENTER]);
  });

  it("go on when pasting failed", async () => {
    const bench = new Bench().pasteByKey().press("Enter", "Enter");
    bench.broken();
    await settle();
    expect(bench.sent.slice(-2)).toEqual([...ENTER]);
  });

  it("may be another paste", async () => {
    const bench = new Bench().pasteByKey().pasteByKey();
    bench.pushed();
    await settle();
    const once = [CONTROL[0], ...V, CONTROL[1]];
    expect(bench.sent).toEqual([...once, ...once]);
    expect(bench.press("Enter", "Enter").sent.slice(-2)).toEqual([...ENTER]);
  });
});

describe("a soft keyboard", () => {
  it("erases a word as a word", () => {
    const bench = new Bench().on("beforeinput", { inputType: "deleteWordBackward", isComposing: false });
    expect(bench.sent).toEqual(["1003020000ff08"]);
  });
});
