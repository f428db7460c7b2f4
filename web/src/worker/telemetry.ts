/** Counts what happens to pictures, and times them while somebody looks. */

import type { Pong, Timing } from "../protocol/server";
import { RoundTrip, StreamClock } from "../session/clock";
import type { Counters, Details } from "../session/messages";
import { STAGES, Stages } from "../session/stages";

/** Microseconds on the clock that page and worker share. */
export const microsNow = (): number => (performance.timeOrigin + performance.now()) * 1000;

export class Telemetry {
  received = 0;
  decoded = 0;
  painted = 0;
  dropped = 0;
  skipped = 0;
  receivedBytes = 0;
  lastReceivedPts = 0;
  lastPaintedPts = 0;
  firstPaintAt: number | null = null;
  connections = 0;
  decoderResets = 0;
  width = 0;
  height = 0;
  #totalBytes = 0;
  #lastLatency: number | null = null;
  #detailed = false;
  #since = { at: 0, painted: 0, bytes: 0 };
  readonly #clock = new StreamClock();
  readonly #rtt = new RoundTrip();
  readonly #stages = new Stages();

  /** Whether single stages are timed. */
  set detailed(on: boolean) {
    this.#detailed = on;
    this.#stages.clear();
    this.#since = { at: performance.now(), painted: this.painted, bytes: this.#totalBytes };
  }

  get detailed(): boolean {
    return this.#detailed;
  }

  /** A new connection: what counts per connection starts again. */
  connected(): void {
    this.connections += 1;
    this.receivedBytes = 0;
    this.lastReceivedPts = 0;
    this.lastPaintedPts = 0;
    this.#clock.forget();
    this.#stages.clear();
  }

  frameReceived(pts: number, size: number, replay: boolean): void {
    this.received += 1;
    this.receivedBytes += size;
    this.#totalBytes += size;
    this.lastReceivedPts = Math.max(this.lastReceivedPts, pts);
    if (this.#detailed && !replay) this.#stages.received(pts, microsNow());
  }

  frameDecoded(pts: number): void {
    this.decoded += 1;
    if (this.#detailed) this.#stages.decoded(pts, microsNow());
  }

  framePainted(pts: number): void {
    this.painted += 1;
    this.lastPaintedPts = pts;
    const at = microsNow();
    const offset = this.#clock.offset;
    this.#lastLatency = offset === null ? null : (at + offset - pts) / 1000;
    if (this.#detailed) this.#stages.painted(pts, at, offset);
    this.firstPaintAt ??= at / 1000;
  }

  pong(pong: Pong): void {
    const receivedAt = microsNow();
    this.#rtt.add((receivedAt - pong.clientTime) / 1000);
    if (pong.streamClock !== null) this.#clock.add({ sentAt: pong.clientTime, receivedAt, remote: pong.streamClock });
  }

  timing(timing: Timing): void {
    if (this.#detailed) this.#stages.timing(timing, this.#clock.offset);
  }

  counters(codec: string | null, navigationAt: number): Counters {
    const { received, decoded, painted, dropped, skipped, receivedBytes, lastReceivedPts, lastPaintedPts } = this;
    const { connections, decoderResets, width, height } = this;
    const offset = this.#clock.offset;
    return {
      ...{ received, decoded, painted, dropped, skipped, receivedBytes, lastReceivedPts, lastPaintedPts },
      ...{ connections, decoderResets, width, height, codec },
      firstPaintMs: this.firstPaintAt === null ? null : this.firstPaintAt - navigationAt,
      rttMs: this.#rtt.smoothed,
      clockOffsetMs: offset === null ? null : offset / 1000,
      lastLatencyMs: this.#lastLatency,
    };
  }

  /** Rates since the last call, and the stages' spread. */
  details(decodeQueue: number): Details {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#since.at) / 1000);
    const fps = (this.painted - this.#since.painted) / seconds;
    const bitsPerSecond = ((this.#totalBytes - this.#since.bytes) * 8) / seconds;
    this.#since = { at: now, painted: this.painted, bytes: this.#totalBytes };
    const stages = Object.fromEntries(STAGES.map((stage) => [stage, this.#stages.spread(stage)])) as Details["stages"];
    return { fps, bitsPerSecond, decodeQueue, stages, renderer: "2d" };
  }
}
