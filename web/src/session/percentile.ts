/** The newest values of a series, and their percentiles. */
export class Window {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  add(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
  }

  get length(): number {
    return Math.min(this.#count, this.#values.length);
  }

  /** The values at the given ranks (0 to 100), nearest rank; null for an empty window. */
  at<const T extends readonly number[]>(ranks: T): { [I in keyof T]: number } | null {
    if (this.length === 0) return null;
    const sorted = this.#values.slice(0, this.length).sort();
    const pick = (rank: number): number => sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? 0;
    return ranks.map(pick) as { [I in keyof T]: number };
  }
}
