/** The field that has the focus while a person works in the desktop: keys, composed text, and what is pasted. */

import { type Bytes, keysymTap, MODIFIER, text as textMessages } from "../protocol/client";
import { Composition, type Edit } from "./composition";
import { Keyboard } from "./keyboard";
import type { InputSink } from "./pointer";

export type Shortcut = "hud" | "toolbar" | "fullscreen" | "pointer-lock";

export interface KeyHooks {
  shortcut(name: Shortcut): void;
  /** Pasting is for the desktop: resolves when it has the content. */
  paste(data: DataTransfer): Promise<void>;
  readonly pasteSupported: boolean;
}

const SHORTCUTS: { readonly [code: string]: Shortcut } = { KeyH: "hud", KeyM: "toolbar", KeyF: "fullscreen", KeyL: "pointer-lock" };
const BACKSPACE = 0xff08;
const RETURN = 0xff0d;
/** Soft keyboards report no erasing in an empty field. */
const PADDING = " ".repeat(16);
/** A browser with nothing to paste sends no paste event; the key is passed on after this. */
const PASTE_LIMIT = 120;
/** What is typed meanwhile waits behind it; more than this comes from no hand. */
const MAX_BEHIND = 512;

/** A paste key that waits for the desktop to have the content. */
interface PendingPaste {
  readonly tap: readonly Bytes[];
  readonly timer: ReturnType<typeof setTimeout>;
  /** Whether the browser has given the content. */
  given: boolean;
  readonly behind: Bytes[];
}

export class KeyField {
  readonly #composition = new Composition();
  #pending: PendingPaste | null = null;
  /** Composed text is typed while it changes, because nothing else shows it. */
  live = false;

  constructor(
    private readonly field: HTMLTextAreaElement,
    readonly keyboard: Keyboard,
    private readonly sink: InputSink,
    private readonly hooks: KeyHooks,
  ) {
    field.addEventListener("keydown", (event) => this.#down(event));
    field.addEventListener("keyup", (event) => this.#up(event));
    field.addEventListener("beforeinput", (event) => this.#before(event));
    // Changing the field would end the composition.
    field.addEventListener("input", (event) => !(event instanceof InputEvent && event.isComposing) && this.#reset());
    field.addEventListener("compositionupdate", (event) => this.live && this.#edit(this.#composition.update(event.data)));
    field.addEventListener("compositionend", (event) => this.#composed(event.data));
    field.addEventListener("paste", (event) => this.#paste(event));
    this.#reset();
  }

  /** Lets go of every key. */
  releaseAll(): void {
    this.#send(...this.keyboard.releaseAll());
    this.#composition.forget();
  }

  #down(event: KeyboardEvent): void {
    const shortcut = event.ctrlKey && event.altKey && event.shiftKey ? SHORTCUTS[event.code] : undefined;
    if (shortcut) {
      event.preventDefault();
      this.releaseAll();
      return this.hooks.shortcut(shortcut);
    }
    if (!this.sink.mayControl("act")) {
      if (!event.repeat && event.key.length === 1 && !event.ctrlKey && !event.metaKey) this.sink.tried();
      return;
    }
    if (this.#isPaste(event)) return this.#expectPaste(event);
    const { messages, consumed } = this.keyboard.down(event);
    this.#send(...messages);
    if (consumed) event.preventDefault();
  }

  #up(event: KeyboardEvent): void {
    const { messages, consumed } = this.keyboard.up(event);
    this.#send(...messages);
    if (consumed) event.preventDefault();
  }

  /** Text that came by no key: soft keyboards, emoji pickers, dictation. */
  #before(event: InputEvent): void {
    if (event.isComposing) return;
    if (event.inputType === "deleteWordBackward") {
      event.preventDefault();
      return this.#eraseWord();
    }
    const edit = editOf(event);
    if (!edit) return;
    event.preventDefault();
    this.#edit(edit);
  }

  #composed(data: string): void {
    const edit = this.live ? this.#composition.end(data) : { erase: 0, insert: data };
    this.#edit(edit);
    // The browser puts the text into the field after this event.
    setTimeout(() => this.#reset());
  }

  #edit({ erase, insert }: Edit): void {
    if (!this.sink.mayControl("act")) return this.sink.tried();
    const messages: Bytes[] = Array.from({ length: erase }, () => keysymTap(BACKSPACE, 0));
    for (const [index, line] of insert.split("\n").entries()) {
      if (index > 0) messages.push(keysymTap(RETURN, 0));
      if (line !== "") messages.push(...textMessages(line));
    }
    this.#send(...messages);
  }

  /** What a word is, the program decides that has it. */
  #eraseWord(): void {
    if (!this.sink.mayControl("act")) return this.sink.tried();
    this.#send(keysymTap(BACKSPACE, MODIFIER.ctrl));
  }

  #isPaste(event: KeyboardEvent): boolean {
    if (!this.hooks.pasteSupported || event.altKey) return false;
    const mac = this.keyboard.options.platform === "mac";
    const command = mac ? event.metaKey : event.ctrlKey;
    return (command && event.code === "KeyV") || (event.shiftKey && event.code === "Insert");
  }

  /** The browser's own paste gives the content without asking for permission, so the key waits for it. */
  #expectPaste(event: KeyboardEvent): void {
    if (event.repeat) return;
    const tap = this.#pasteTap(event.code, event.shiftKey);
    if (this.#pending) return this.#send(...tap);
    this.#pending = { tap, timer: setTimeout(() => this.#pasteKey(), PASTE_LIMIT), given: false, behind: [] };
  }

  #paste(event: ClipboardEvent): void {
    event.preventDefault();
    const data = event.clipboardData;
    const pending = this.#pending;
    // A second paste in a row has the same content, and its key waits behind the first.
    if (!data || pending?.given === true || !this.sink.mayControl("act")) return;
    if (!this.hooks.pasteSupported) return this.#edit({ erase: 0, insert: data.getData("text/plain").replaceAll("\r\n", "\n") });
    const done = (): void => (pending !== null && pending === this.#pending ? this.#pasteKey() : undefined);
    if (pending) {
      clearTimeout(pending.timer);
      pending.given = true;
    }
    this.hooks.paste(data).then(done, done);
  }

  /** The paste key, with those of its modifiers that are not down. */
  #pasteTap(code: string, shifted: boolean): Bytes[] {
    const missing = (left: string): string[] => (this.keyboard.holds(left.replace("Left", "Right")) ? [] : [left]);
    return this.keyboard.tap(code, code === "Insert" ? missing("ShiftLeft") : [...missing("ControlLeft"), ...(shifted ? missing("ShiftLeft") : [])]);
  }

  /** Presses the paste key now, and then what was typed since. */
  #pasteKey(): void {
    const pending = this.#pending;
    this.#pending = null;
    if (!pending) return;
    clearTimeout(pending.timer);
    this.sink.send(...pending.tap, ...pending.behind);
  }

  /** Sends in the order of typing: a line's end must not overtake what is pasted into the line. */
  #send(...messages: readonly Bytes[]): void {
    const { behind } = this.#pending ?? {};
    if (!behind) return this.sink.send(...messages);
    behind.push(...messages);
    if (behind.length > MAX_BEHIND) this.#pasteKey();
  }

  #reset(): void {
    this.field.value = PADDING;
    this.field.setSelectionRange(PADDING.length, PADDING.length);
  }
}

function editOf(event: InputEvent): Edit | null {
  switch (event.inputType) {
    case "insertText":
    case "insertReplacementText":
    case "insertFromDictation":
      return { erase: 0, insert: event.data ?? "" };
    case "insertLineBreak":
    case "insertParagraph":
      return { erase: 0, insert: "\n" };
    case "deleteContentBackward":
      return { erase: 1, insert: "" };
    default:
      return null;
  }
}
