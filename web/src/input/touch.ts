/** Fingers on the page: passed on as touches, or taken for a touchpad. */

import { button, moveTo, scroll, touch } from "../protocol/client";
import type { Point } from "../render/layout";
import { type Gesture, Gestures } from "./gestures";
import { Pace, rateFactor } from "./pace";
import type { InputSink, PointerTarget } from "./pointer";

/** Servers number fingers with a byte; nobody has more. */
const MAX_FINGERS = 10;
/** How much of the stream a finger's way crosses, against the same way on the page. */
const SPEED = 1.4;

export class TouchInput {
  readonly #gestures = new Gestures();
  readonly #slots = new Map<number, number>();
  readonly #touches: Pace<Map<number, Point>>;
  readonly #pointer: Pace<Point>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at: Point | null = null;
  mode: "touch" | "trackpad" = "touch";

  constructor(
    private readonly target: PointerTarget & { readonly placement: { readonly scale: number } },
    private readonly sink: InputSink,
    /** Where the pointer that has no mouse is. */
    private readonly show: (at: Point | null) => void,
  ) {
    this.#touches = new Pace(
      (moved) => moved.forEach((at, slot) => this.#send("move", slot, at)),
      (waiting, newer) => new Map([...waiting, ...newer]),
    );
    this.#pointer = new Pace((at) => this.#moveTo(at), (_, newer) => newer);
    const { element } = target;
    const on = (type: "pointerdown" | "pointermove" | "pointerup" | "pointercancel", take: (event: PointerEvent) => void): void =>
      element.addEventListener(type, (event) => {
        if (event.pointerType === "touch") take(event);
      });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", () => this.releaseAll());
    // Without this the browser makes a mouse of the finger, and may scroll or zoom.
    element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  }

  set roundTrip(ms: number | null) {
    this.#touches.factor = this.#pointer.factor = rateFactor(ms);
  }

  /** Forgets every finger: the gesture is not to count. */
  releaseAll(): void {
    this.#perform(this.#gestures.cancel());
    this.#touches.flush();
    for (const slot of this.#slots.values()) this.sink.send(touch("cancel", slot, 0, 0));
    this.#slots.clear();
    clearTimeout(this.#timer);
  }

  #down(event: PointerEvent): void {
    this.target.focus();
    if (!this.sink.mayControl("act")) return this.sink.tried();
    this.target.element.setPointerCapture(event.pointerId);
    if (this.mode === "trackpad") return this.#perform(this.#gestures.down(finger(event), event.timeStamp));
    const slot = this.#freeSlot();
    if (slot === null) return;
    this.show(null);
    this.#slots.set(event.pointerId, slot);
    this.#touches.flush();
    this.#send("down", slot, this.target.toStream(event.clientX, event.clientY));
  }

  #move(event: PointerEvent): void {
    if (this.mode === "trackpad") return this.#perform(this.#gestures.move(finger(event), event.timeStamp));
    const slot = this.#slots.get(event.pointerId);
    if (slot !== undefined) this.#touches.offer(new Map([[slot, this.target.toStream(event.clientX, event.clientY)]]));
  }

  #up(event: PointerEvent): void {
    if (this.mode === "trackpad") return this.#perform(this.#gestures.up(event.pointerId, event.timeStamp));
    const slot = this.#slots.get(event.pointerId);
    if (slot === undefined) return;
    this.#slots.delete(event.pointerId);
    this.#touches.flush();
    this.#send("up", slot, this.target.toStream(event.clientX, event.clientY));
  }

  #perform(gestures: readonly Gesture[]): void {
    for (const gesture of gestures) this.#act(gesture);
    clearTimeout(this.#timer);
    const due = this.#gestures.deadline;
    if (due !== null) this.#timer = setTimeout(() => this.#perform(this.#gestures.tick(performance.now())), Math.max(0, due - performance.now()));
  }

  #act(gesture: Gesture): void {
    switch (gesture.type) {
      case "move":
        return this.#moveBy(gesture.dx, gesture.dy);
      case "scroll":
        this.#pointer.flush();
        return this.sink.send(scroll(gesture.dx / this.target.placement.scale, gesture.dy / this.target.placement.scale));
      case "click":
        this.#settle();
        return this.sink.send(button(gesture.button, true), button(gesture.button, false));
      case "button":
        this.#settle();
        return this.sink.send(button(gesture.button, gesture.down));
    }
  }

  #moveBy(dx: number, dy: number): void {
    const { width, height } = this.target.stream;
    const { x, y } = this.#at ?? { x: width / 2, y: height / 2 };
    const step = SPEED / this.target.placement.scale;
    const clamp = (value: number, end: number): number => Math.max(0, Math.min(end - 1, value));
    this.#at = { x: clamp(x + dx * step, width), y: clamp(y + dy * step, height) };
    this.show(this.#at);
    this.#pointer.offer(this.#at);
  }

  /** A button counts where the pointer is shown, even when it has never moved. */
  #settle(): void {
    this.#pointer.flush();
    if (this.#at) return;
    this.#moveBy(0, 0);
    this.#pointer.flush();
  }

  #moveTo({ x, y }: Point): void {
    const { width, height } = this.target.stream;
    this.sink.send(moveTo(x, y, width, height));
  }

  #send(phase: "down" | "move" | "up", slot: number, { x, y }: Point): void {
    const { width, height } = this.target.stream;
    this.sink.send(touch(phase, slot, (x + 0.5) / width, (y + 0.5) / height));
  }

  #freeSlot(): number | null {
    const used = new Set(this.#slots.values());
    for (let slot = 0; slot < MAX_FINGERS; slot += 1) if (!used.has(slot)) return slot;
    return null;
  }
}

function finger(event: PointerEvent): { id: number; x: number; y: number } {
  return { id: event.pointerId, x: event.clientX, y: event.clientY };
}
