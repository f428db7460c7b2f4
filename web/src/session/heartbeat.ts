/** When to ping: often while something happens, seldom on a still desktop. Liveness needs only that it never stops. */

export const BEAT = {
  busy: 500,
  idle: 2000,
  /** Nothing for this long is idle. */
  idleAfter: 2000,
} as const;

export class Heartbeat {
  #last = -Infinity;
  #busyUntil = -Infinity;

  /** Something happened. Whether the next ping is due earlier for it. */
  busy(now: number): boolean {
    const wasIdle = now >= this.#busyUntil;
    this.#busyUntil = now + BEAT.idleAfter;
    return wasIdle;
  }

  /** The next ping is due at once: a new connection, a tab that was hidden. */
  hurry(): void {
    this.#last = -Infinity;
  }

  /** When the next ping is due, as things are now. */
  due(now: number): number {
    return this.#last + (now < this.#busyUntil ? BEAT.busy : BEAT.idle);
  }

  /** Whether to ping now; true counts as done. Timers may be a millisecond early. */
  take(now: number): boolean {
    if (now < this.due(now) - 1) return false;
    this.#last = now;
    return true;
  }
}
