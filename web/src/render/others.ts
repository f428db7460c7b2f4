/** Other people's pointers and fingers, and the agent's, drawn over the picture in the stream's pixels. */

import type { AgentCursor, Presence, RemoteTouch } from "../protocol/presence";
import type { DrawnCursor } from "./cursor";
import type { Point } from "./layout";

/** A pointer that has not moved for this long fades. */
const IDLE = 8000;
/** More marks than any desktop has viewers. */
const MAX_MARKS = 256;
const AGENT_COLOUR = "#9747FF";

interface Mark {
  readonly element: HTMLElement;
  readonly tag: HTMLElement;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export interface Who {
  readonly name: string;
  readonly colour: string;
}

export class Others {
  readonly #marks = new Map<string, Mark>();
  #pointer: HTMLImageElement | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly who: (user: number) => Who | null,
    private readonly self: () => number | null,
  ) {}

  take(event: Presence): void {
    switch (event.type) {
      case "remote-cursor":
        if (event.user !== this.self()) this.#cursor(event.user, event, event.colour);
        return;
      case "user-left":
        this.#remove(`user ${event.user}`);
        return;
      case "agent-cursor":
        return this.#agent(event);
      case "remote-touch":
        if (event.user !== this.self()) this.#touch(event);
        return;
      default:
    }
  }

  /** The desktop's own cursor where the browser has no pointer: under a finger that is used as on a touchpad. */
  pointer(at: Point | null, cursor: DrawnCursor): void {
    if (!at) {
      this.#pointer?.remove();
      this.#pointer = null;
      return;
    }
    if (!this.#pointer) {
      this.#pointer = document.createElement("img");
      this.#pointer.className = "own-pointer";
      this.#pointer.alt = "";
      this.root.append(this.#pointer);
    }
    const { image } = cursor;
    this.#pointer.classList.toggle("plain", image === null);
    if (image && this.#pointer.src !== image.url) this.#pointer.src = image.url;
    if (image) Object.assign(this.#pointer.style, { width: `${image.width}px`, marginLeft: `${-image.hotX}px`, marginTop: `${-image.hotY}px` });
    move(this.#pointer, at);
  }

  /** Nobody is known any more: the connection is gone. */
  clear(): void {
    for (const key of [...this.#marks.keys()]) this.#remove(key);
  }

  #cursor(user: number, at: Point, colour: string): void {
    const who = this.who(user);
    const mark = this.#mark(`user ${user}`, "mark");
    if (!mark) return;
    mark.element.style.setProperty("--colour", who?.colour ?? colour);
    label(mark, who?.name ?? "");
    this.#moved(mark, at);
  }

  #agent(event: AgentCursor): void {
    const key = `agent ${event.agent}`;
    if (!event.visible) return this.#remove(key);
    const mark = this.#mark(key, "mark agent");
    if (!mark) return;
    mark.element.style.setProperty("--colour", AGENT_COLOUR);
    mark.element.classList.toggle("acting", event.action === "clicking" || event.action === "dragging");
    label(mark, event.action === "idle" || event.action === "moving" ? "Agent" : `Agent · ${event.action}`);
    this.#moved(mark, event);
  }

  #touch(event: RemoteTouch): void {
    const key = `touch ${event.user} ${event.touch}`;
    if (event.event === "end" || event.event === "cancel") return this.#remove(key);
    const mark = this.#mark(key, "mark touch");
    if (!mark) return;
    mark.element.style.setProperty("--colour", event.colour);
    label(mark, this.who(event.user)?.name ?? "");
    this.#moved(mark, event);
  }

  #mark(key: string, className: string): Mark | null {
    const known = this.#marks.get(key);
    if (known) return known;
    if (this.#marks.size >= MAX_MARKS) return null;
    const element = document.createElement("div");
    const tag = document.createElement("span");
    element.className = className;
    element.append(tag);
    this.root.append(element);
    const mark: Mark = { element, tag, timer: undefined };
    this.#marks.set(key, mark);
    return mark;
  }

  #moved(mark: Mark, at: Point): void {
    move(mark.element, at);
    mark.element.classList.remove("idle");
    clearTimeout(mark.timer);
    mark.timer = setTimeout(() => mark.element.classList.add("idle"), IDLE);
  }

  #remove(key: string): void {
    const mark = this.#marks.get(key);
    if (!mark) return;
    clearTimeout(mark.timer);
    mark.element.remove();
    this.#marks.delete(key);
  }
}

/** The style sheet multiplies by the scale, so a new layout moves nothing by hand. */
function move(element: HTMLElement, { x, y }: Point): void {
  element.style.setProperty("--x", String(x));
  element.style.setProperty("--y", String(y));
}

function label(mark: Mark, text: string): void {
  if (mark.tag.textContent !== text) mark.tag.textContent = text;
}
