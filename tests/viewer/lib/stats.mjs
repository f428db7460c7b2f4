// Figures out of samples.

/** The sample below which `percent` of all are; NaN of none. */
export function percentile(samples, percent) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))] : NaN;
}

/** Count, extremes and percentiles, rounded to a tenth. */
export function summary(samples) {
  const round = (value) => Math.round(value * 10) / 10;
  return {
    n: samples.length,
    min: round(Math.min(...samples)),
    p50: round(percentile(samples, 50)),
    p95: round(percentile(samples, 95)),
    p99: round(percentile(samples, 99)),
    max: round(Math.max(...samples)),
  };
}
