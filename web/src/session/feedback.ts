/** Decides when to tell the server what has arrived: at most every 20 ms, and never without the last word. */

export const FEEDBACK_GAP = 20;

export class FeedbackPace {
  #lastSent = -Infinity;
  #owed = false;

  /** Something changed. Returns how long to wait before reporting; null when a report is scheduled already. */
  changed(now: number): number | null {
    if (this.#owed) return null;
    this.#owed = true;
    return Math.max(0, this.#lastSent + FEEDBACK_GAP - now);
  }

  /** A report goes out now; false when there is nothing new. */
  take(now: number): boolean {
    if (!this.#owed) return false;
    this.#owed = false;
    this.#lastSent = now;
    return true;
  }

  forget(): void {
    this.#owed = false;
  }
}
