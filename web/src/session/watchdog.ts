/** Watches that pictures which arrive are painted: a connection can be lively and the screen black. */

export const PATIENCE = 3000;

export type Verdict = "fine" | "reset-decoder" | "reconnect";

export class Watchdog {
  #unpaintedSince: number | null = null;
  #resets = 0;

  /** A picture arrived. */
  arrived(now: number): void {
    this.#unpaintedSince ??= now;
  }

  /** A picture was painted. */
  painted(): void {
    this.#unpaintedSince = null;
    this.#resets = 0;
  }

  /** Nothing is owed: hidden, disconnected, or started anew. */
  forget(): void {
    this.#unpaintedSince = null;
    this.#resets = 0;
  }

  /** The first complaint resets the decoder, the second gives the connection up. */
  check(now: number): Verdict {
    if (this.#unpaintedSince === null || now - this.#unpaintedSince < PATIENCE) return "fine";
    this.#unpaintedSince = now;
    this.#resets += 1;
    return this.#resets === 1 ? "reset-decoder" : "reconnect";
  }
}
