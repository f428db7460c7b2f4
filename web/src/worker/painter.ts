/**
 * Puts decoded pictures on the page's canvas: the newest one, as soon as the screen can take it.
 *
 * A picture is painted at once when nothing was painted since the last refresh. Otherwise it waits for the refresh, and a
 * newer one takes its place. There is no loop: a still desktop causes no call.
 */

export interface PainterEvents {
  /** `frame` is on the canvas; it is closed after this call. */
  painted(frame: VideoFrame): void;
  dropped(): void;
  resized(width: number, height: number): void;
  /** The canvas has lost what was painted; `restored` tells whether it can be painted again. */
  lost(restored: boolean): void;
}

/** A refresh that is later than this is not waited for: the canvas is out of view, or the browser paces nothing. */
const REFRESH_LIMIT = 100;
/** A context that is not back after this is not expected back. */
const RESTORE_LIMIT = 1000;

export class Painter {
  #context: OffscreenCanvasRenderingContext2D | null;
  #waiting: VideoFrame | null = null;
  #refreshAsked: number | null = null;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #restoreTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly canvas: OffscreenCanvas,
    private readonly events: PainterEvents,
  ) {
    this.#context = canvas.getContext("2d", { alpha: false });
    canvas.addEventListener("contextlost", () => this.#lost());
    canvas.addEventListener("contextrestored", () => this.#restored());
  }

  /** Takes ownership of `frame`. */
  show(frame: VideoFrame): void {
    const late = this.#refreshAsked !== null && performance.now() - this.#refreshAsked > REFRESH_LIMIT;
    if (this.#refreshAsked === null || late) {
      this.#discardWaiting();
      this.#paint(frame);
      return;
    }
    this.#discardWaiting();
    this.#waiting = frame;
    // Where nothing is refreshed, such as out of view, the last picture would wait for ever.
    this.#refreshTimer ??= setTimeout(() => this.#refreshed(), REFRESH_LIMIT);
  }

  /** Paints what waits: what is painted later would count as a picture of the next connection. */
  settle(): void {
    if (this.#waiting) this.#refreshed();
  }

  /** RGBA of a rectangle as it was painted last. */
  read(x: number, y: number, width: number, height: number): Uint8ClampedArray<ArrayBuffer> | null {
    try {
      return this.#context?.getImageData(x, y, width, height).data as Uint8ClampedArray<ArrayBuffer>;
    } catch {
      return null;
    }
  }

  close(): void {
    this.#waiting?.close();
    this.#waiting = null;
    clearTimeout(this.#refreshTimer);
    clearTimeout(this.#restoreTimer);
    this.#context = null;
  }

  #discardWaiting(): void {
    if (!this.#waiting) return;
    this.#waiting.close();
    this.#waiting = null;
    this.events.dropped();
  }

  #paint(frame: VideoFrame): void {
    const { displayWidth: width, displayHeight: height } = frame;
    if (this.#context && !isLost(this.#context)) {
      if (this.canvas.width !== width || this.canvas.height !== height) this.#resize(width, height);
      this.#context.drawImage(frame, 0, 0, width, height);
      this.events.painted(frame);
    } else {
      this.events.dropped();
    }
    frame.close();
    this.#awaitRefresh();
  }

  #resize(width: number, height: number): void {
    this.canvas.width = width;
    this.canvas.height = height;
    this.events.resized(width, height);
  }

  #awaitRefresh(): void {
    if (typeof requestAnimationFrame !== "function") return;
    const asked = performance.now();
    this.#refreshAsked = asked;
    requestAnimationFrame(() => {
      if (this.#refreshAsked === asked) this.#refreshed();
    });
  }

  /** The last picture is on the screen, or has had the time for it. */
  #refreshed(): void {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = undefined;
    this.#refreshAsked = null;
    const frame = this.#waiting;
    this.#waiting = null;
    if (frame) this.#paint(frame);
  }

  #lost(): void {
    clearTimeout(this.#restoreTimer);
    this.#restoreTimer = setTimeout(() => this.events.lost(false), RESTORE_LIMIT);
  }

  #restored(): void {
    clearTimeout(this.#restoreTimer);
    this.events.lost(true);
  }
}

/** Not every browser tells. */
function isLost(context: OffscreenCanvasRenderingContext2D): boolean {
  return "isContextLost" in context && context.isContextLost();
}
