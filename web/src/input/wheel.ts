/** Tells wheels from touchpads, and makes messages of both. */

import { type Bytes, notches, scroll } from "../protocol/client";

/** The members of a `WheelEvent` that matter. */
export interface WheelLike {
  readonly deltaX: number;
  readonly deltaY: number;
  readonly deltaMode: number;
  readonly wheelDeltaX?: number;
  readonly wheelDeltaY?: number;
  readonly timeStamp: number;
}

export type WheelDevice = "wheel" | "touchpad";

/** What browsers count for one notch in `wheelDelta`. */
const NOTCH = 120;
const LINES_PER_NOTCH = 3;
/** A device does not change within one gesture. */
const GESTURE = 400;
/** The server takes `pixels * 0.015` for notches. */
const PIXELS_PER_NOTCH = 1 / 0.015;

export class Wheel {
  #device: WheelDevice = "wheel";
  #lastAt = -Infinity;
  #owedX = 0;
  #owedY = 0;

  /** Which device this event is from. */
  device(event: WheelLike): WheelDevice {
    if (event.timeStamp - this.#lastAt > GESTURE) this.#device = guess(event);
    else if (this.#device === "wheel" && guess(event) === "touchpad") this.#device = "touchpad";
    this.#lastAt = event.timeStamp;
    return this.#device;
  }

  /** Whole notches of a wheel, what is left being kept for the next event; or pixels of a touchpad. */
  message(event: WheelLike): Bytes | null {
    if (this.device(event) === "touchpad") {
      return event.deltaX === 0 && event.deltaY === 0 ? null : scroll(event.deltaX, event.deltaY);
    }
    const [dx, dy] = turned(event);
    if (Number.isInteger(dx) && Number.isInteger(dy)) return dx === 0 && dy === 0 ? null : notches(dx, dy);
    return this.#fraction(dx, dy);
  }

  /** High-resolution wheels turn by parts of a notch, too small to be worth a message each. */
  #fraction(dx: number, dy: number): Bytes | null {
    this.#owedX += dx;
    this.#owedY += dy;
    if (Math.abs(this.#owedX) < 0.05 && Math.abs(this.#owedY) < 0.05) return null;
    const message = scroll(this.#owedX * PIXELS_PER_NOTCH, this.#owedY * PIXELS_PER_NOTCH);
    this.#owedX = 0;
    this.#owedY = 0;
    return message;
  }
}

/** Notches to the right and down. */
function turned(event: WheelLike): [number, number] {
  if (event.deltaMode === 1) return [event.deltaX / LINES_PER_NOTCH, event.deltaY / LINES_PER_NOTCH];
  if (event.deltaMode === 2) return [event.deltaX, event.deltaY];
  const { wheelDeltaX, wheelDeltaY } = event;
  if (wheelDeltaX === undefined || wheelDeltaY === undefined) return [event.deltaX / NOTCH, event.deltaY / NOTCH];
  return [-wheelDeltaX / NOTCH, -wheelDeltaY / NOTCH];
}

function guess(event: WheelLike): WheelDevice {
  if (event.deltaMode !== 0) return "wheel";
  const { wheelDeltaX = 0, wheelDeltaY = 0 } = event;
  if (event.wheelDeltaY === undefined) return Math.abs(event.deltaY) >= 50 && event.deltaX === 0 ? "wheel" : "touchpad";
  const whole = wheelDeltaX % NOTCH === 0 && wheelDeltaY % NOTCH === 0 && (wheelDeltaX !== 0 || wheelDeltaY !== 0);
  return whole && (event.deltaX === 0 || event.deltaY === 0) ? "wheel" : "touchpad";
}
