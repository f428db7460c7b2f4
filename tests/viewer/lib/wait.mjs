// Waiting for a condition, with a limit.

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Polls until `condition` gives something true, and gives that; throws after `limit` milliseconds. */
export async function until(condition, { limit = 10_000, step = 20, what = String(condition) } = {}) {
  const end = performance.now() + limit;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`waited ${limit} ms in vain for: ${what}`);
    await sleep(step);
  }
}
