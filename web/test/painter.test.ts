import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Painter } from "../src/worker/painter";

const painted: number[] = [];
let dropped = 0;
let refresh: (() => void) | null = null;

function newPainter(): Painter {
  const canvas = { width: 0, height: 0, getContext: () => ({ drawImage: () => undefined }), addEventListener: () => undefined };
  return new Painter(canvas as unknown as OffscreenCanvas, {
    painted: (frame) => painted.push(frame.timestamp),
    dropped: () => (dropped += 1),
    resized: () => undefined,
    lost: () => undefined,
  });
}

const frame = (timestamp: number) => ({ timestamp, displayWidth: 4, displayHeight: 2, close: () => undefined }) as unknown as VideoFrame;

beforeEach(() => {
  painted.length = 0;
  dropped = 0;
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (act: () => void) => (refresh = act));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the painter", () => {
  it("paints the newest picture of those that came since the last refresh", () => {
    const painter = newPainter();
    for (const at of [1, 2, 3]) painter.show(frame(at));
    expect(painted).toEqual([1]);
    refresh?.();
    expect(painted).toEqual([1, 3]);
    expect(dropped).toBe(1);
  });

  it("paints the last picture of a burst where nothing is refreshed", async () => {
    const painter = newPainter();
    for (const at of [1, 2]) painter.show(frame(at));
    await vi.advanceTimersByTimeAsync(100);
    expect(painted).toEqual([1, 2]);
  });

  it("paints what waits when it is told to, and nothing later", async () => {
    const painter = newPainter();
    for (const at of [1, 2]) painter.show(frame(at));
    painter.settle();
    expect(painted).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(painted).toEqual([1, 2]);
  });

  it("paints nothing after it was closed", async () => {
    const painter = newPainter();
    for (const at of [1, 2]) painter.show(frame(at));
    painter.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect(painted).toEqual([1]);
  });
});
