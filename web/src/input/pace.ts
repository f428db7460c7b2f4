/** How often pointer and scroll messages go out: each frame on a near link, more seldom on a far one. */

/** Share of the full rate by round-trip time. */
export function rateFactor(rttMs: number | null): number {
  if (rttMs === null || rttMs < 50) return 1;
  if (rttMs < 100) return 0.75;
  if (rttMs < 150) return 0.5;
  return rttMs < 250 ? 0.33 : 0.25;
}

/** Browsers deliver moves once a frame; a little less than a frame lets each of them through at once. */
const FRAME = 14;

/**
 * Sends the newest of many values, the first at once and the last for certain.
 *
 * A value that waits is replaced or added to by `merge`; `flush` sends it before something that depends on it.
 */
export class Pace<T> {
  #waiting: T | null = null;
  #lastSent = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  factor = 1;

  constructor(
    private readonly send: (value: T) => void,
    private readonly merge: (waiting: T, newer: T) => T,
    private readonly now: () => number = () => performance.now(),
  ) {}

  offer(value: T): void {
    this.#waiting = this.#waiting === null ? value : this.merge(this.#waiting, value);
    const wait = this.#lastSent + FRAME / this.factor - this.now();
    if (wait <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), wait);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const value = this.#waiting;
    if (value === null) return;
    this.#waiting = null;
    this.#lastSent = this.now();
    this.send(value);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = null;
  }
}
