// Test pictures as H.264, made by ffmpeg, cut into access units.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Access units of a few seconds of ffmpeg's test picture; kept in the temporary folder. */
export function testPictures({ width = 1280, height = 720, fps = 30, seconds = 4, filter = "testsrc" } = {}) {
  const folder = join(tmpdir(), "lunette-web-mock");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${filter}-${width}x${height}-${fps}-${seconds}.h264`);
  if (!existsSync(file)) {
    const source = `${filter}=size=${width}x${height}:rate=${fps}:duration=${seconds}`;
    const coding = "-c:v libx264 -profile:v baseline -pix_fmt yuv420p -preset veryfast -tune zerolatency -bf 0 -g 60 -x264-params sliced-threads=0";
    execFileSync("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", source, ...coding.split(" "), "-f", "h264", file]);
  }
  return { width, height, fps, units: accessUnits(readFileSync(file)) };
}

/** Cuts an Annex B stream; each unit ends before the next SPS, or before the next picture's first slice. */
export function accessUnits(stream) {
  const units = [];
  let start = 0;
  let coded = false;
  for (let at = 0; at + 4 < stream.length; at += 1) {
    if (stream[at] !== 0 || stream[at + 1] !== 0 || stream[at + 2] !== 1) continue;
    const begin = at > 0 && stream[at - 1] === 0 ? at - 1 : at;
    const type = stream[at + 3] & 0x1f;
    const slice = type === 1 || type === 5;
    const first = slice && (stream[at + 4] & 0x80) !== 0;
    if (coded && (first || !slice)) {
      units.push(stream.subarray(start, begin));
      start = begin;
      coded = false;
    }
    coded ||= slice;
    at += 3;
  }
  units.push(stream.subarray(start));
  return units.map((data) => ({ key: isKey(data), data }));
}

function isKey(unit) {
  for (let at = 0; at + 3 < unit.length; at += 1) {
    if (unit[at] === 0 && unit[at + 1] === 0 && unit[at + 2] === 1 && (unit[at + 3] & 0x1f) === 5) return true;
  }
  return false;
}
