/** Mouse and pen: places, buttons, wheel, and ways when the pointer is locked. */

import { type Bytes, button, moveBy, moveTo } from "../protocol/client";
import type { Point, Size } from "../render/layout";
import { Pace, rateFactor } from "./pace";
import { Wheel } from "./wheel";

/** What pointing needs of the page. */
export interface PointerTarget {
  readonly element: HTMLElement;
  readonly stream: Size;
  toStream(clientX: number, clientY: number): Point;
  /** Keys go to the desktop; an input method shows its choices at this point of the page. */
  focus(at?: Point): void;
}

/** Pointing may happen by chance; a free desktop is taken only by an act. */
export type Intent = "point" | "act";

/** Sends, and tells whether this viewer may control. */
export interface InputSink {
  send(...messages: readonly Bytes[]): void;
  mayControl(intent: Intent): boolean;
  /** The person tried to control without being allowed to. */
  tried(): void;
}

/** The largest reference that the signed fields hold. */
const MAX_REFERENCE = 32_767;
/** The protocol's numbers of the browser's buttons: left, middle, right, back, forward. */
const BUTTONS = [1, 2, 3, 4, 5];
/** A place that was sent within this time need not be sent again; later, somebody else may have moved the pointer. */
const SAME = 500;
type Step = { readonly dx: number; readonly dy: number };

export class PointerInput {
  readonly #held = new Set<number>();
  readonly #wheel = new Wheel();
  readonly #moves: Pace<Point>;
  readonly #ways: Pace<Step>;
  #sent = { x: -1, y: -1, at: 0 };

  constructor(
    private readonly target: PointerTarget,
    private readonly sink: InputSink,
  ) {
    this.#moves = new Pace((at) => this.#moveTo(at), (_, newer) => newer);
    this.#ways = new Pace(({ dx, dy }) => sink.send(moveBy(dx, dy)), (a, b) => ({ dx: a.dx + b.dx, dy: a.dy + b.dy }));
    const { element } = target;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => event.pointerType !== "touch" && this.releaseAll());
    element.addEventListener("wheel", (event) => this.#turn(event), { passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("auxclick", (event) => event.preventDefault());
    // The browser would start to scroll, to drag the picture, or to go back.
    element.addEventListener("mousedown", (event) => event.preventDefault());
    element.addEventListener("mouseup", (event) => event.button > 2 && event.preventDefault());
    element.addEventListener("dragstart", (event) => event.preventDefault());
  }

  set roundTrip(ms: number | null) {
    this.#moves.factor = this.#ways.factor = rateFactor(ms);
  }

  get #locked(): boolean {
    return document.pointerLockElement === this.target.element;
  }

  get anythingHeld(): boolean {
    return this.#held.size > 0;
  }

  /** Lets go of every button. */
  releaseAll(): void {
    this.#moves.flush();
    for (const number of this.#held) this.sink.send(button(number, false));
    this.#held.clear();
  }

  /** The last place counts before something that happens there. */
  flush(): void {
    this.#moves.flush();
    this.#ways.flush();
  }

  #down(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    this.target.focus({ x: event.clientX, y: event.clientY });
    if (!this.sink.mayControl("act")) return this.sink.tried();
    if (!this.#locked) this.target.element.setPointerCapture(event.pointerId);
    this.#press(event);
  }

  #move(event: PointerEvent): void {
    if (event.pointerType === "touch" || !this.sink.mayControl("point")) return;
    if (this.#locked) this.#ways.offer({ dx: event.movementX, dy: event.movementY });
    else this.#moves.offer(this.target.toStream(event.clientX, event.clientY));
    // Buttons that change while another is down come as moves.
    if (event.button >= 0) this.#press(event);
  }

  #up(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    this.#press(event);
  }

  /** Brings what is held in line with the event's one changed button. */
  #press(event: PointerEvent): void {
    const number = BUTTONS[event.button];
    if (number === undefined) return;
    const bit = [1, 4, 2, 8, 16][event.button] ?? 0;
    const down = (event.buttons & bit) !== 0;
    if (down === this.#held.has(number)) return;
    if (!this.#locked) this.#moves.offer(this.target.toStream(event.clientX, event.clientY));
    this.flush();
    this.sink.send(button(number, down));
    if (down) this.#held.add(number);
    else this.#held.delete(number);
  }

  #turn(event: WheelEvent): void {
    event.preventDefault();
    if (!this.sink.mayControl("act")) return;
    const message = this.#wheel.message(event);
    if (!message) return;
    this.flush();
    this.sink.send(message);
  }

  #moveTo({ x, y }: Point): void {
    const now = performance.now();
    if (x === this.#sent.x && y === this.#sent.y && now - this.#sent.at < SAME) return;
    this.#sent = { x, y, at: now };
    this.sink.send(this.#place({ x, y }));
  }

  /** With the stream's own size for a reference a place is exact to the pixel. */
  #place({ x, y }: Point): Bytes {
    const { width, height } = this.target.stream;
    if (width <= MAX_REFERENCE && height <= MAX_REFERENCE) return moveTo(x, y, width, height);
    return moveTo((x / width) * MAX_REFERENCE, (y / height) * MAX_REFERENCE, MAX_REFERENCE, MAX_REFERENCE);
  }
}
