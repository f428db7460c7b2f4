/** What the worker tells of itself: counters to the page, confirmation to the server. Nothing is told twice. */

import { feedback } from "../protocol/client";
import { FeedbackPace } from "../session/feedback";
import type { Counters, Details, FromWorker } from "../session/messages";

const COUNTERS_GAP = 100;
const DETAILS_GAP = 500;

/** Counters for the page: soon after a change, and figures while they are looked at. */
export class PageReports {
  #countersTimer: ReturnType<typeof setTimeout> | undefined;
  #detailsTimer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly counters: () => Counters,
    private readonly details: () => Details | null,
    private readonly post: (message: FromWorker) => void,
  ) {}

  changed(): void {
    this.#countersTimer ??= setTimeout(() => {
      this.#countersTimer = undefined;
      this.post({ type: "counters", counters: this.counters() });
    }, COUNTERS_GAP);
  }

  detailed(on: boolean): void {
    clearInterval(this.#detailsTimer);
    if (!on) return;
    this.#detailsTimer = setInterval(() => {
      const details = this.details();
      if (details) this.post({ type: "details", counters: this.counters(), details });
    }, DETAILS_GAP);
  }
}

/** Feedback for a server that wants it. */
export class Confirmation {
  readonly #pace = new FeedbackPace();
  #told = "";
  wanted = false;

  constructor(
    private readonly counters: () => { lastReceivedPts: number; lastPaintedPts: number; receivedBytes: number },
    private readonly queue: () => number,
    private readonly send: (bytes: Uint8Array<ArrayBuffer>) => void,
  ) {}

  /** A frame arrived, came out of the decoder or was painted. */
  changed(): void {
    if (!this.wanted || this.#news() === this.#told) return;
    const wait = this.#pace.changed(performance.now());
    if (wait === 0) this.#tell();
    else if (wait !== null) setTimeout(() => this.#tell(), wait);
  }

  /** The connection is another one. */
  forget(): void {
    this.wanted = false;
    this.#told = "";
    this.#pace.forget();
  }

  #tell(): void {
    if (!this.wanted || !this.#pace.take(performance.now())) return;
    const { lastReceivedPts, lastPaintedPts, receivedBytes } = this.counters();
    this.#told = this.#news();
    this.send(feedback(lastReceivedPts, lastPaintedPts, receivedBytes, this.queue()));
  }

  #news(): string {
    const { lastReceivedPts, lastPaintedPts, receivedBytes } = this.counters();
    return [lastReceivedPts, lastPaintedPts, receivedBytes, this.queue()].join();
  }
}
