/** X11 keysyms, for keys and characters that have no place on a keyboard. */

const NAMED: { readonly [key: string]: number } = {
  Backspace: 0xff08,
  Tab: 0xff09,
  Clear: 0xff0b,
  Enter: 0xff0d,
  Pause: 0xff13,
  ScrollLock: 0xff14,
  Escape: 0xff1b,
  Compose: 0xff20,
  Convert: 0xff23,
  NonConvert: 0xff22,
  Hiragana: 0xff25,
  Katakana: 0xff26,
  HiraganaKatakana: 0xff27,
  ZenkakuHankaku: 0xff2a,
  KanaMode: 0xff2d,
  Alphanumeric: 0xff30,
  HangulMode: 0xff31,
  HanjaMode: 0xff34,
  Home: 0xff50,
  ArrowLeft: 0xff51,
  ArrowUp: 0xff52,
  ArrowRight: 0xff53,
  ArrowDown: 0xff54,
  PageUp: 0xff55,
  PageDown: 0xff56,
  End: 0xff57,
  Select: 0xff60,
  PrintScreen: 0xff61,
  Execute: 0xff62,
  Insert: 0xff63,
  Undo: 0xff65,
  Redo: 0xff66,
  ContextMenu: 0xff67,
  Find: 0xff68,
  Cancel: 0xff69,
  Help: 0xff6a,
  NumLock: 0xff7f,
  Shift: 0xffe1,
  Control: 0xffe3,
  CapsLock: 0xffe5,
  Alt: 0xffe9,
  Meta: 0xffeb,
  AltGraph: 0xfe03,
  Delete: 0xffff,
  MonBrightnessUp: 0x1008_ff02,
  BrightnessUp: 0x1008_ff02,
  BrightnessDown: 0x1008_ff03,
  AudioVolumeDown: 0x1008_ff11,
  AudioVolumeMute: 0x1008_ff12,
  AudioVolumeUp: 0x1008_ff13,
  MediaPlayPause: 0x1008_ff14,
  MediaStop: 0x1008_ff15,
  MediaTrackPrevious: 0x1008_ff16,
  MediaTrackNext: 0x1008_ff17,
  BrowserHome: 0x1008_ff18,
  LaunchMail: 0x1008_ff19,
  BrowserSearch: 0x1008_ff1b,
  BrowserBack: 0x1008_ff26,
  BrowserForward: 0x1008_ff27,
  BrowserStop: 0x1008_ff28,
  BrowserRefresh: 0x1008_ff29,
  PowerOff: 0x1008_ff2a,
  Standby: 0x1008_ff10,
  WakeUp: 0x1008_ff2b,
  Copy: 0x1008_ff57,
  Cut: 0x1008_ff58,
  Paste: 0x1008_ff6d,
};

const DEAD: { readonly [character: string]: number } = { "`": 0xfe50, "´": 0xfe51, "^": 0xfe52, "~": 0xfe53, "¨": 0xfe57 };

/** The keysym of one character, or null for more or less than one. */
export function keysymOfCharacter(character: string): number | null {
  const point = character.codePointAt(0);
  if (point === undefined || character.length !== String.fromCodePoint(point).length) return null;
  if (point === 0x0a || point === 0x0d) return 0xff0d;
  if (point === 0x09) return 0xff09;
  const latin1 = (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff);
  return latin1 ? point : 0x0100_0000 + point;
}

/** The keysym of a browser's `KeyboardEvent.key`; null when there is none. */
export function keysymOfKey(key: string): number | null {
  const named = NAMED[key];
  if (named !== undefined) return named;
  const f = /^F([1-9]|[12]\d|3[0-5])$/.exec(key);
  if (f?.[1] !== undefined) return 0xffbd + Number(f[1]);
  return keysymOfCharacter(key);
}

/** The keysym of a dead key, by the accent it makes. */
export function keysymOfDead(accent: string): number | null {
  return DEAD[accent] ?? null;
}
