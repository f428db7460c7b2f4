/**
 * Fingers used as on a touchpad, as a state machine on the caller's clock.
 *
 * ```text
 *            down                 moved              up
 *   none ──────────▶ pressed ───────────▶ pointing ──────▶ none
 *                      │ │ held 500 ms                up
 *                      │ └───────────────▶ dragging ──────▶ none (button up)
 *             2nd down │ up soon: click
 *                      ▼          moved
 *                    several ───────────▶ scrolling ─────▶ none
 *                      └ all up soon: right click (two), middle click (three)
 * ```
 */

export interface Finger {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

export type Gesture =
  | { readonly type: "move"; readonly dx: number; readonly dy: number }
  | { readonly type: "scroll"; readonly dx: number; readonly dy: number }
  | { readonly type: "click"; readonly button: number }
  | { readonly type: "button"; readonly button: number; readonly down: boolean };

export const GESTURE = {
  /** A finger that travels less than this stays where it is. */
  slop: 9,
  tap: 300,
  longPress: 500,
} as const;

type State = "none" | "pressed" | "pointing" | "dragging" | "several" | "scrolling";

const LEFT = 1;
/** Buttons by the number of fingers that tapped. */
const TAP_BUTTONS = [0, LEFT, 3, 2];

export class Gestures {
  readonly #fingers = new Map<number, { startX: number; startY: number; x: number; y: number }>();
  #state: State = "none";
  #since = 0;
  #most = 0;

  /** When `tick` is due, or null. */
  get deadline(): number | null {
    return this.#state === "pressed" ? this.#since + GESTURE.longPress : null;
  }

  down(finger: Finger, now: number): Gesture[] {
    const ended = this.#state === "dragging" ? [release()] : [];
    this.#fingers.set(finger.id, { startX: finger.x, startY: finger.y, x: finger.x, y: finger.y });
    this.#most = Math.max(this.#most, this.#fingers.size);
    if (this.#fingers.size === 1) {
      this.#since = now;
      this.#most = 1;
      this.#state = "pressed";
    } else if (this.#state !== "scrolling") {
      // A finger that has already pointed makes no tap of what follows.
      if (this.#state === "pointing" || this.#state === "dragging") this.#since = -Infinity;
      this.#state = "several";
    }
    return ended;
  }

  move(finger: Finger, _now: number): Gesture[] {
    const known = this.#fingers.get(finger.id);
    if (!known) return [];
    const dx = finger.x - known.x;
    const dy = finger.y - known.y;
    const far = Math.hypot(finger.x - known.startX, finger.y - known.startY) > GESTURE.slop;
    if (this.#state === "pressed" && far) this.#state = "pointing";
    if (this.#state === "several" && far) this.#state = "scrolling";
    if (this.#state === "pressed" || this.#state === "several") return [];
    known.x = finger.x;
    known.y = finger.y;
    if (this.#state === "scrolling") {
      // Each of the fingers tells its own way; together they tell the hand's once.
      const share = 1 / this.#fingers.size;
      return [{ type: "scroll", dx: -dx * share, dy: -dy * share }];
    }
    return [{ type: "move", dx, dy }];
  }

  up(id: number, now: number): Gesture[] {
    if (!this.#fingers.delete(id) || this.#fingers.size > 0) return [];
    const state = this.#state;
    this.#state = "none";
    if (state === "dragging") return [release()];
    const tapped = (state === "pressed" || state === "several") && now - this.#since <= GESTURE.tap;
    const button = TAP_BUTTONS[this.#most];
    return tapped && button !== undefined ? [{ type: "click", button }] : [];
  }

  /** The system took the fingers away, or control is lost. */
  cancel(): Gesture[] {
    const dragging = this.#state === "dragging";
    this.#fingers.clear();
    this.#state = "none";
    return dragging ? [release()] : [];
  }

  tick(now: number): Gesture[] {
    const due = this.deadline;
    if (due === null || now < due) return [];
    this.#state = "dragging";
    return [{ type: "button", button: LEFT, down: true }];
  }
}

function release(): Gesture {
  return { type: "button", button: LEFT, down: false };
}
