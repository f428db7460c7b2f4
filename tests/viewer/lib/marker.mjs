// Reads the frame counter that test pictures carry, as core/frame/src/marker.rs burns it in.
// Each function is complete in itself, since pages are given their source text.

/** Size of a marker in pixels. */
export const MARKER = { width: 128, height: 40, cell: 8 };

/** Where the marker of the bottom-right corner starts in a picture of this size. */
export function bottomRight(width, height) {
  return { x: Math.floor((width - 128) / 8) * 8, y: Math.floor((height - 40) / 8) * 8 };
}

/**
 * What a marker says, or null where none with a right checksum stands.
 * @param {ArrayLike<number>} rgba 128×40 pixels, or the same scaled down by `scale`
 * @returns {{counter: number, scanout: number} | null}
 */
export function readMarker(rgba) {
  const words = [];
  for (let row = 0; row < 5; row++) {
    let word = 0;
    for (let column = 0; column < 16; column++) {
      let sum = 0;
      for (let y = row * 8 + 2; y < row * 8 + 6; y++) {
        for (let x = column * 8 + 2; x < column * 8 + 6; x++) sum += rgba[(y * 128 + x) * 4 + 1];
      }
      word = word * 2 + (sum / 16 > 128 ? 1 : 0);
    }
    words.push(word);
  }
  let crc = 0xffff;
  for (const word of words.slice(1, 4)) {
    for (const byte of [word >> 8, word & 255]) {
      crc ^= byte << 8;
      for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
  }
  if (words[0] !== 0xa55a || words[4] !== crc) return null;
  return { counter: words[1] * 65536 + words[2], scanout: words[3] };
}
