/** What the viewer has to know of H.264: which decoder a key frame needs. */

const SPS = 7;

/** Codec string of the first SPS in an Annex B access unit, such as `avc1.42C028`; null when there is none. */
export function codecOf(unit: Uint8Array): string | null {
  const at = nalOf(unit, SPS);
  if (at === null || at + 3 >= unit.byteLength) return null;
  const hex = (byte: number | undefined): string => (byte ?? 0).toString(16).padStart(2, "0").toUpperCase();
  return `avc1.${hex(unit[at + 1])}${hex(unit[at + 2])}${hex(unit[at + 3])}`;
}

/** Whether a decoder for the codec `opened` takes a stream of the codec `asked`: of one profile, and of no higher level. */
export function covers(opened: string, asked: string): boolean {
  const level = (codec: string): number => Number.parseInt(codec.slice(-2), 16);
  return opened.slice(0, -2) === asked.slice(0, -2) && level(opened) >= level(asked);
}

/** Where the first NAL unit of `type` starts, behind its start code. SPS and PPS come first, so this is a short way. */
function nalOf(unit: Uint8Array, type: number): number | null {
  for (let at = 0; at + 3 < unit.byteLength; at += 1) {
    if (unit[at] !== 0 || unit[at + 1] !== 0 || unit[at + 2] !== 1) continue;
    if (((unit[at + 3] ?? 0) & 0x1f) === type) return at + 3;
    at += 2;
  }
  return null;
}
