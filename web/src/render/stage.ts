/** The picture's place on the page: canvas, overlay and the field that takes keys, laid out by hand so that nothing jumps. */

import { type Fit, place, type Placement, type Point, type Size, toStream } from "./layout";

export class Stage {
  readonly element = document.createElement("main");
  /** Things drawn over the picture, in the stream's pixels. */
  readonly overlay = document.createElement("div");
  /** Takes keys and an input method's text. */
  readonly field = document.createElement("textarea");
  readonly #sheet = document.createElement("div");
  readonly #listeners = new Set<(placement: Placement) => void>();
  #canvas: HTMLCanvasElement;
  #stream: Size = { width: 1920, height: 1080 };
  #fit: Fit;
  #view: Size = { width: 0, height: 0 };
  #placement: Placement;
  #rect: DOMRect | null = null;

  constructor(fit: Fit, canvas: HTMLCanvasElement) {
    this.#fit = fit;
    this.#canvas = dressed(canvas);
    this.element.className = "stage";
    this.element.setAttribute("aria-label", "Remote desktop");
    this.#sheet.className = "sheet";
    this.overlay.className = "others";
    this.overlay.setAttribute("aria-hidden", "true");
    prepare(this.field);
    this.#sheet.append(this.#canvas, this.overlay);
    this.element.append(this.#sheet, this.field);
    this.#placement = place(this.#stream, { width: 1, height: 1 }, fit, devicePixelRatio);
    new ResizeObserver(() => this.#measure()).observe(this.element);
    this.element.addEventListener("scroll", () => (this.#rect = null), { passive: true });
    this.#watchPixelRatio();
  }

  get placement(): Placement {
    return this.#placement;
  }

  get stream(): Size {
    return this.#stream;
  }

  get view(): Size {
    return this.#view;
  }

  /** A canvas in the place of one whose context is lost for good. */
  freshCanvas(): HTMLCanvasElement {
    const canvas = dressed(document.createElement("canvas"));
    this.#canvas.replaceWith(canvas);
    this.#canvas = canvas;
    this.#apply();
    return canvas;
  }

  set fit(fit: Fit) {
    this.#fit = fit;
    this.#apply();
  }

  setStream(stream: Size): void {
    this.element.dataset["sized"] = "";
    if (stream.width === this.#stream.width && stream.height === this.#stream.height) return;
    this.#stream = stream;
    this.#apply();
  }

  /** The stream's pixel under a point of the page. */
  toStream(clientX: number, clientY: number): Point {
    this.#rect ??= this.#canvas.getBoundingClientRect();
    return toStream({ x: clientX, y: clientY }, this.#rect, this.#stream);
  }

  focus(at?: Point): void {
    if (at) Object.assign(this.field.style, { left: `${at.x}px`, top: `${at.y}px` });
    this.field.focus({ preventScroll: true });
  }

  onPlaced(listener: (placement: Placement) => void): void {
    this.#listeners.add(listener);
  }

  #measure(): void {
    this.#view = { width: this.element.clientWidth, height: this.element.clientHeight };
    this.#apply();
  }

  #apply(): void {
    if (this.#view.width === 0) return;
    this.#placement = place(this.#stream, this.#view, this.#fit, devicePixelRatio);
    const { left, top, width, height, scale, crisp } = this.#placement;
    this.element.dataset["fit"] = this.#fit;
    Object.assign(this.#canvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    this.#canvas.classList.toggle("crisp", crisp);
    Object.assign(this.#sheet.style, { width: `${left + width}px`, height: `${top + height}px` });
    Object.assign(this.overlay.style, { left: `${left}px`, top: `${top}px` });
    this.overlay.style.setProperty("--scale", String(scale));
    this.#rect = null;
    for (const listener of this.#listeners) listener(this.#placement);
  }

  #watchPixelRatio(): void {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    const changed = (): void => {
      this.#apply();
      this.#watchPixelRatio();
    };
    query.addEventListener("change", changed, { once: true });
  }
}

function dressed(canvas: HTMLCanvasElement): HTMLCanvasElement {
  canvas.className = "picture";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Live picture of the desktop");
  return canvas;
}

function prepare(field: HTMLTextAreaElement): void {
  field.className = "keys";
  field.setAttribute("aria-label", "Keyboard of the remote desktop. Control Alt Shift M moves to the toolbar.");
  field.autocapitalize = "off";
  field.autocomplete = "off";
  field.spellcheck = false;
  field.setAttribute("autocorrect", "off");
  // Touch devices would open their keyboard at every tap; the toolbar's button opens it.
  if (matchMedia("(pointer: coarse)").matches) field.inputMode = "none";
}
