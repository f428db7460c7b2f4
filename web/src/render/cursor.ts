/** The desktop's cursor as the browser's own, which moves without waiting for anybody. */

import type { CursorBitmap, CursorImage, CursorName } from "../protocol/presence";

/** Browsers ignore larger ones. */
const MAX_SIDE = 128;
const NAME = /^[a-z][a-z-]{1,30}$/;

/** A cursor ready to be used: CSS for the browser's pointer, and an image for where there is none. */
export interface DrawnCursor {
  readonly css: string;
  readonly image: { readonly url: string; readonly width: number; readonly height: number; readonly hotX: number; readonly hotY: number } | null;
}

export const HIDDEN: DrawnCursor = { css: "none", image: null };
export const DEFAULT: DrawnCursor = { css: "default", image: null };

/** Tight R, G, B, A bytes of a bitmap in any order and stride. */
export function toRgba({ width, height, stride, order, pixels }: CursorBitmap): Uint8ClampedArray<ArrayBuffer> {
  const tight = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row += 1) {
    tight.set(pixels.subarray(row * stride, row * stride + width * 4), row * width * 4);
  }
  if (order === "bgra") {
    for (let at = 0; at < tight.length; at += 4) [tight[at], tight[at + 2]] = [tight[at + 2] ?? 0, tight[at] ?? 0];
  }
  return tight;
}

/** CSS for a cursor the desktop only names; an unknown name is the default. */
export function ofName({ name }: CursorName): DrawnCursor {
  return NAME.test(name) || name === "none" ? { css: name, image: null } : DEFAULT;
}

/** Draws a bitmap at the size it has on the screen: `scale` CSS pixels per pixel of the stream. */
export function ofImage({ bitmap, hotX, hotY }: CursorImage, scale: number, pixelRatio: number): DrawnCursor {
  if (!bitmap) return HIDDEN;
  const fitting = Math.min(scale, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * fitting));
  const height = Math.max(1, Math.round(bitmap.height * fitting));
  const density = imageSets() ? pixelRatio : 1;
  const url = draw(bitmap, Math.round(width * density), Math.round(height * density));
  const hot = { x: clamp(hotX * fitting, width), y: clamp(hotY * fitting, height) };
  const image = density === 1 ? `url("${url}")` : `image-set(url("${url}") ${density}x)`;
  return { css: `${image} ${hot.x} ${hot.y}, default`, image: { url, width, height, hotX: hot.x, hotY: hot.y } };
}

function clamp(value: number, side: number): number {
  return Math.max(0, Math.min(side - 1, Math.round(value)));
}

function draw(bitmap: CursorBitmap, width: number, height: number): string {
  const source = canvasOf(bitmap.width, bitmap.height);
  source.context.putImageData(new ImageData(toRgba(bitmap), bitmap.width, bitmap.height), 0, 0);
  if (width === bitmap.width && height === bitmap.height) return source.canvas.toDataURL();
  const scaled = canvasOf(width, height);
  scaled.context.imageSmoothingQuality = "high";
  scaled.context.drawImage(source.canvas, 0, 0, width, height);
  return scaled.canvas.toDataURL();
}

function canvasOf(width: number, height: number): { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D } {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no 2d context for a cursor");
  return { canvas, context };
}

let imageSetsKnown: boolean | null = null;

function imageSets(): boolean {
  imageSetsKnown ??= CSS.supports("cursor", 'image-set(url("a.png") 2x) 0 0, default');
  return imageSetsKnown;
}
