/** The server's stream clock as seen from here, from pings: the exchange with the least round trip is trusted most. */

export interface ClockSample {
  readonly sentAt: number;
  readonly receivedAt: number;
  /** The other clock in the moment of the answer, microseconds. */
  readonly remote: number;
}

/** Samples kept: ten seconds of pings, so that drift between the clocks stays below a millisecond. */
const WINDOW = 20;

export class StreamClock {
  #samples: { readonly rtt: number; readonly offset: number }[] = [];

  /** Takes one exchange; times in microseconds. */
  add({ sentAt, receivedAt, remote }: ClockSample): void {
    const rtt = receivedAt - sentAt;
    if (rtt < 0) return;
    this.#samples.push({ rtt, offset: remote - (sentAt + receivedAt) / 2 });
    if (this.#samples.length > WINDOW) this.#samples.shift();
  }

  forget(): void {
    this.#samples = [];
  }

  /** Stream clock minus local clock in microseconds, or null before the first answer. */
  get offset(): number | null {
    let best: { readonly rtt: number; readonly offset: number } | null = null;
    for (const sample of this.#samples) if (best === null || sample.rtt < best.rtt) best = sample;
    return best?.offset ?? null;
  }
}

/** Round-trip time, smoothed as TCP does it, in milliseconds. */
export class RoundTrip {
  #smoothed: number | null = null;
  #latest: number | null = null;

  add(ms: number): void {
    this.#latest = ms;
    this.#smoothed = this.#smoothed === null ? ms : this.#smoothed + (ms - this.#smoothed) / 8;
  }

  get smoothed(): number | null {
    return this.#smoothed;
  }

  get latest(): number | null {
    return this.#latest;
  }
}
