/** Where the picture is on the page, and where in the picture the pointer is. */

export type Fit = "fit" | "actual" | "width";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** CSS pixels within the stage. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** CSS pixels per pixel of the stream. */
  readonly scale: number;
  /** One pixel of the stream is a whole number of the screen's, so nothing needs smoothing. */
  readonly crisp: boolean;
}

/** A scale this near to the screen's own pixels becomes them: sharp text is worth a thin border. */
const SNAP = 0.02;

export function place(stream: Size, view: Size, fit: Fit, pixelRatio: number): Placement {
  const scale = snapped(wanted(stream, view, fit, pixelRatio), stream, view, fit, pixelRatio);
  const width = stream.width * scale;
  const height = stream.height * scale;
  const whole = scale * pixelRatio;
  return {
    left: aligned(Math.max(0, (view.width - width) / 2), pixelRatio),
    top: aligned(Math.max(0, (view.height - height) / 2), pixelRatio),
    width,
    height,
    scale,
    crisp: whole >= 1 && Math.abs(whole - Math.round(whole)) < 1e-6,
  };
}

function wanted(stream: Size, view: Size, fit: Fit, pixelRatio: number): number {
  switch (fit) {
    case "actual":
      return 1 / pixelRatio;
    case "width":
      return view.width / stream.width;
    case "fit":
      return Math.min(view.width / stream.width, view.height / stream.height);
  }
}

function snapped(scale: number, stream: Size, view: Size, fit: Fit, pixelRatio: number): number {
  const exact = Math.round(scale * pixelRatio) / pixelRatio;
  const near = exact > 0 && Math.abs(scale / exact - 1) < SNAP;
  const fits = fit !== "fit" || (stream.width * exact <= view.width + 0.5 && stream.height * exact <= view.height + 0.5);
  return near && fits ? exact : scale;
}

function aligned(value: number, pixelRatio: number): number {
  return Math.round(value * pixelRatio) / pixelRatio;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The stream's pixel under a point of the page, `canvas` being the picture's rectangle on it; beyond the edges, the edge. */
export function toStream(point: Point, canvas: { left: number; top: number; width: number; height: number }, stream: Size): Point {
  const along = (at: number, start: number, length: number, pixels: number): number =>
    length <= 0 ? 0 : Math.max(0, Math.min(pixels - 1, Math.floor(((at - start) / length) * pixels)));
  return {
    x: along(point.x, canvas.left, canvas.width, stream.width),
    y: along(point.y, canvas.top, canvas.height, stream.height),
  };
}

/** The size to ask the desktop for so that it fills the view pixel by pixel; encoders want even numbers. */
export function matching(view: Size, pixelRatio: number): Size {
  const even = (css: number): number => Math.max(320, Math.min(8192, Math.round(css * pixelRatio) & ~1));
  return { width: even(view.width), height: even(view.height) };
}
