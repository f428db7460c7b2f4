// Reads the bars that scripts/bench-viewer/clock.py paints. Runs in the page too, so it refers to nothing outside.

/** Cells of a row of bars. */
export const CELLS = 28;

/**
 * Milliseconds modulo 2^22 out of one row of RGBA pixels, or null where no bars with a right check stand.
 * @param {ArrayLike<number>} rgba `width` pixels
 * @param {number} width
 */
export function readBars(rgba, width) {
  let value = 0;
  for (let cell = 0; cell < 28; cell++) {
    const at = Math.floor(((cell + 0.5) / 28) * width) * 4;
    const level = (rgba[at] + rgba[at + 1] + rgba[at + 2]) / 3;
    if (level > 90 && level < 165) return null;
    value = value * 2 + (level > 128 ? 1 : 0);
  }
  const check = value & 15;
  const milliseconds = Math.floor(value / 16) & 0x3fffff;
  let expected = 9;
  for (let shift = 0; shift < 22; shift += 4) expected ^= (milliseconds >> shift) & 15;
  return Math.floor(value / 2 ** 26) === 2 && check === expected ? milliseconds : null;
}

/** How long ago the bars were painted, at `now` in milliseconds since the epoch; negative when clocks disagree. */
export function ageOfBars(bars, now) {
  const age = ((Math.floor(now) & 0x3fffff) - bars) & 0x3fffff;
  return age > 0x200000 ? age - 0x400000 : age;
}
