/** Where a picture's time goes between its capture and its painting. */

import type { Timing } from "../protocol/server";
import { Window } from "./percentile";

export const STAGES = ["encode", "send", "receive", "decode", "paint", "total"] as const;
export type Stage = (typeof STAGES)[number];

/** Median and 95th percentile in milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

interface Marks {
  received: number;
  decoded: number;
  painted: number;
  encoded: number | null;
  sent: number | null;
}

/** Pictures in flight at most; older ones lose their marks. */
const IN_FLIGHT = 128;
const KEPT = 300;

/** All times in microseconds; local ones on the clock that `offset` maps to the stream's. */
export class Stages {
  readonly #marks = new Map<number, Marks>();
  readonly #series = new Map<Stage, Window>(STAGES.map((stage) => [stage, new Window(KEPT)]));

  received(pts: number, at: number): void {
    this.#marks.set(pts, { received: at, decoded: 0, painted: 0, encoded: null, sent: null });
    if (this.#marks.size <= IN_FLIGHT) return;
    const oldest = this.#marks.keys().next();
    if (oldest.done !== true) this.#marks.delete(oldest.value);
  }

  decoded(pts: number, at: number): void {
    const marks = this.#marks.get(pts);
    if (marks) marks.decoded = at;
  }

  /** The picture is on the screen: its stages are complete, but for the server's if its report is late. */
  painted(pts: number, at: number, offset: number | null): void {
    const marks = this.#marks.get(pts);
    if (!marks) return;
    marks.painted = at;
    this.#add("decode", marks.decoded - marks.received);
    this.#add("paint", at - marks.decoded);
    if (offset !== null) this.#add("total", at + offset - pts);
    if (marks.sent !== null && offset !== null) this.#add("receive", marks.received + offset - pts - marks.sent);
  }

  /** The server's report on one picture; it follows the picture, before or after its painting. */
  timing({ pts, encoded, sent }: Timing, offset: number | null): void {
    const marks = this.#marks.get(pts);
    if (!marks) return;
    if (encoded !== null) this.#add("encode", encoded);
    // A server that does not time its encoder tells both in one.
    if (sent !== null) this.#add("send", sent - (encoded ?? 0));
    if (sent !== null && offset !== null && marks.painted > 0) this.#add("receive", marks.received + offset - pts - sent);
    marks.encoded = encoded;
    marks.sent = sent;
  }

  clear(): void {
    this.#marks.clear();
    for (const series of this.#series.values()) series.clear();
  }

  spread(stage: Stage): Spread | null {
    const at = this.#series.get(stage)?.at([50, 95]);
    return at ? { p50: at[0], p95: at[1] } : null;
  }

  #add(stage: Stage, micros: number): void {
    this.#series.get(stage)?.add(Math.max(0, micros) / 1000);
  }
}
