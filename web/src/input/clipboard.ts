/** Keeps the browser's clipboard and the desktop's the same, as far as browsers allow it. */

import type { Api, ClipboardContent } from "../session/api";

export interface ClipboardHooks {
  /** The browser lets only a click take this. Null withdraws the offer. */
  offer(content: ClipboardContent | null): void;
  failed(what: string): void;
  upload(files: readonly File[]): void;
}

/** What the server takes; larger pictures go up as files. */
const MAX_IMAGE = 16 * 1024 * 1024;
/** How long pasting waits for the desktop to have the content. */
const PUSH_LIMIT = 1500;

export class ClipboardSync {
  /** What both sides are known to have, so that nothing goes round in circles. */
  #shared: string | null = null;
  #newest = 0;

  constructor(
    private readonly api: Api,
    private readonly hooks: ClipboardHooks,
  ) {}

  /** The desktop's clipboard changed. */
  async changed(sequence: number): Promise<void> {
    this.#newest = sequence;
    // Until it is known what the desktop has now, the next paste has to give it the person's.
    const before = this.#shared;
    this.#shared = null;
    // Only the page that a person works in may touch the person's clipboard.
    if (!document.hasFocus()) return;
    try {
      const content = await this.api.clipboard();
      if (content === null || sequence !== this.#newest) return;
      if (mark(content) === before) this.#shared = before;
      else await this.#write(content);
    } catch (error) {
      this.hooks.failed(`The desktop's clipboard could not be read: ${said(error)}`);
    }
  }

  /** A click is the permission that some browsers want. */
  async take(content: ClipboardContent): Promise<void> {
    try {
      await write(content);
      this.#shared = mark(content);
      this.hooks.offer(null);
    } catch (error) {
      this.hooks.failed(`The browser refused its clipboard: ${said(error)}`);
    }
  }

  /** Gives the desktop what is pasted; resolves when the paste key may follow. */
  async paste(data: DataTransfer): Promise<void> {
    const files = [...data.files];
    const text = data.getData("text/plain");
    const html = data.getData("text/html");
    if (text !== "") return this.#push({ type: "text", data: text });
    const image = files.find((file) => file.type.startsWith("image/"));
    if (files.length === 1 && image && image.size <= MAX_IMAGE) return this.#push({ type: "image", data: await base64(await png(image)) });
    if (files.length > 0) return this.hooks.upload(files);
    if (html !== "") return this.#push({ type: "html", data: html });
  }

  async #push(content: ClipboardContent): Promise<void> {
    if (mark(content) === this.#shared) return;
    this.#shared = mark(content);
    const limit = new Promise<void>((resolve) => setTimeout(resolve, PUSH_LIMIT));
    try {
      await Promise.race([this.api.setClipboard(content), limit]);
    } catch (error) {
      this.#shared = null;
      this.hooks.failed(`Pasting failed: ${said(error)}`);
    }
  }

  async #write(content: ClipboardContent): Promise<void> {
    try {
      await write(content);
      this.#shared = mark(content);
      this.hooks.offer(null);
    } catch {
      this.hooks.offer(content);
    }
  }
}

async function write({ type, data }: ClipboardContent): Promise<void> {
  if (type === "text") return navigator.clipboard.writeText(data);
  if (type === "image") return navigator.clipboard.write([new ClipboardItem({ "image/png": bytesOf(data) })]);
  const blob = (text: string, kind: string): Blob => new Blob([text], { type: kind });
  const plain = new DOMParser().parseFromString(data, "text/html").body.textContent ?? "";
  await navigator.clipboard.write([new ClipboardItem({ "text/html": blob(data, "text/html"), "text/plain": blob(plain, "text/plain") })]);
}

function bytesOf(base64Text: string): Blob {
  const binary = atob(base64Text);
  return new Blob([Uint8Array.from(binary, (character) => character.charCodeAt(0))], { type: "image/png" });
}

/** The desktop wants PNG, and browsers paste other kinds too. */
async function png(image: Blob): Promise<Blob> {
  if (image.type === "image/png") return image;
  const picture = await createImageBitmap(image);
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  picture.close();
  return canvas.convertToBlob({ type: "image/png" });
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(blob);
  });
}

function mark({ type, data }: ClipboardContent): string {
  return `${type}:${data}`;
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
