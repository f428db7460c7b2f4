/**
 * `window.__lunette`, for tests and measurements.
 *
 * - `stats()`: the counters, at most 100 ms old; null before the first frame
 * - `freshStats()`: the counters of this moment, from the worker
 * - `readPixels(x, y, width, height)`: RGBA of the painted canvas, in the stream's pixels; null before it is painted
 * - `state()`: what the page shows: link, lease, diagnosis
 *
 * The performance mark `lunette:first-paint` is set when the first picture is on the canvas.
 */

import type { Counters } from "./session/messages";
import type { Desktop } from "./ui/desktop";

export interface TestHook {
  stats(): Counters | null;
  freshStats(): Promise<Counters>;
  readPixels(x: number, y: number, width: number, height: number): Promise<Uint8ClampedArray | null>;
  state(): object;
}

declare global {
  interface Window {
    __lunette?: TestHook;
  }
}

export function exposeHook(desktop: Desktop): void {
  window.__lunette = {
    stats: () => desktop.store.value.counters,
    freshStats: () => desktop.remote.counters(),
    readPixels: (x, y, width, height) => desktop.remote.pixels(x, y, width, height),
    state: () => {
      const { link, picture, lease, self, people, hops, video, settings, stream } = desktop.store.value;
      return { link, picture, lease, self, people: [...people], hops, video, settings, stream, diagnosis: desktop.diagnosis(performance.now()) };
    },
  };
}
