// The readers of counters and bars, against what Rust and Python paint.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ageOfBars, readBars } from '../lib/bars.mjs';
import { bottomRight, readMarker } from '../lib/marker.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/markers.json', import.meta.url), 'utf8'));

/** Pixels of a marker from its cells. */
function paint(cells, white = 255, black = 0) {
  const rgba = new Uint8ClampedArray(128 * 40 * 4);
  cells.forEach((row, y) => [...row].forEach((cell, x) => {
    for (let pixel = 0; pixel < 64; pixel++) {
      rgba.fill(cell === '1' ? white : black, ((y * 8 + (pixel >> 3)) * 128 + x * 8 + (pixel & 7)) * 4, ((y * 8 + (pixel >> 3)) * 128 + x * 8 + (pixel & 7)) * 4 + 4);
    }
  }));
  return rgba;
}

test('markers that Rust burns are read', () => {
  assert.ok(vectors.length >= 5);
  for (const { counter, scanout, cells } of vectors) assert.deepEqual(readMarker(paint(cells)), { counter, scanout });
});

test('a washed-out marker is read', () => {
  const { counter, scanout, cells } = vectors[1];
  assert.deepEqual(readMarker(paint(cells, 180, 70)), { counter, scanout });
});

test('a wrong cell is no marker', () => {
  const [first, ...rest] = vectors[2].cells;
  const flipped = (first[3] === '1' ? '0' : '1');
  assert.equal(readMarker(paint([first.slice(0, 3) + flipped + first.slice(4), ...rest])), null);
});

test('the second marker ends at whole cells', () => {
  assert.deepEqual(bottomRight(1920, 1080), { x: 1792, y: 1040 });
  assert.deepEqual(bottomRight(300, 90), { x: 168, y: 48 });
});

test('bars of the clock are read, and wrong ones are not', () => {
  const now = 1_234_567_890;
  const milliseconds = now & 0x3fffff;
  let check = 9;
  for (let shift = 0; shift < 22; shift += 4) check ^= (milliseconds >> shift) & 15;
  const value = (2n << 26n) | (BigInt(milliseconds) << 4n) | BigInt(check);
  const row = new Uint8Array(280 * 4);
  for (let x = 0; x < 280; x++) row.fill((value >> BigInt(27 - Math.floor(x / 10))) & 1n ? 235 : 16, x * 4, x * 4 + 4);
  assert.equal(readBars(row, 280), milliseconds);
  assert.equal(ageOfBars(milliseconds, now + 40), 40);
  assert.equal(ageOfBars(milliseconds, now - 3), -3);
  row.fill(16, 60 * 4, 70 * 4);
  row.fill(235, 70 * 4, 80 * 4);
  assert.equal(readBars(row, 280), null);
});
