/** Binary messages that the viewer sends. */

import { utf8Within, Writer } from "./bytes";

export type Bytes = Uint8Array<ArrayBuffer>;

/** Modifier bits of 0x10. */
export const MODIFIER = { shift: 1, ctrl: 2, alt: 4, meta: 8 } as const;

/** A server takes this much text in one message. */
export const MAX_TEXT = 4096;

const clampI16 = (value: number): number => Math.max(-32_768, Math.min(32_767, Math.round(value)));

/** A key by its evdev code. */
export function key(evdev: number, down: boolean, modifiers: number): Bytes {
  return new Writer(6).u8(0x10).u8(0).u8(Number(down)).u8(modifiers).u16be(evdev).bytes;
}

/** A key by its X11 keysym, for keys that have no code. */
export function keysym(sym: number, down: boolean, modifiers: number): Bytes {
  return new Writer(8).u8(0x10).u8(2).u8(Number(down)).u8(modifiers).u32be(sym).bytes;
}

/** A key pressed and released, with modifiers around it. */
export function keysymTap(sym: number, modifiers: number): Bytes {
  return new Writer(7).u8(0x10).u8(3).u8(modifiers).u32be(sym).bytes;
}

/** Text as it shall arrive; longer text is sent in several messages. */
export function text(value: string): Bytes[] {
  const messages: Bytes[] = [];
  for (let rest = value; rest.length > 0; ) {
    const bytes = utf8Within(rest, MAX_TEXT);
    const piece = new TextDecoder().decode(bytes);
    messages.push(new Writer(3 + bytes.byteLength).u8(0x10).u8(1).u8(Math.min(255, piece.length)).raw(bytes).bytes);
    rest = rest.slice(piece.length);
  }
  return messages;
}

/** A pointer button: 1 left, 2 middle, 3 right, 4 back, 5 forward. */
export function button(number: number, down: boolean): Bytes {
  return new Writer(4).u8(0x11).u8(2).u8(Number(down)).u8(number).bytes;
}

/** Scrolling by pixels; positive is down and to the right. */
export function scroll(dx: number, dy: number): Bytes {
  return new Writer(10).u8(0x11).u8(3).f32le(dx).f32le(dy).bytes;
}

/** Scrolling by whole notches. */
export function notches(dx: number, dy: number): Bytes {
  const clamp = (value: number): number => Math.max(-128, Math.min(127, Math.round(value)));
  return new Writer(4).u8(0x11).u8(4).i8(clamp(dx)).i8(clamp(dy)).bytes;
}

/** The pointer's place in a reference size of at most 32767. */
export function moveTo(x: number, y: number, width: number, height: number): Bytes {
  return new Writer(10).u8(0x12).u8(1).i16be(clampI16(x)).i16be(clampI16(y)).i16be(width).i16be(height).bytes;
}

/** The pointer's way, for a locked pointer. */
export function moveBy(dx: number, dy: number): Bytes {
  return new Writer(6).u8(0x13).u8(0).i16be(clampI16(dx)).i16be(clampI16(dy)).bytes;
}

export const TOUCH_PHASE = { down: 0, move: 1, up: 2, cancel: 3 } as const;

/** A finger at a fraction of the picture's size. */
export function touch(phase: keyof typeof TOUCH_PHASE, slot: number, x: number, y: number): Bytes {
  return new Writer(11).u8(0x14).u8(TOUCH_PHASE[phase]).u8(slot).f32le(x).f32le(y).bytes;
}

export function ping(seq: number, clientTime: number): Bytes {
  return new Writer(13).u8(0x40).u32be(seq).u64be(clientTime).bytes;
}

/** What has arrived; the server adapts to it. */
export function feedback(receivedPts: number, paintedPts: number, receivedBytes: number, decodeQueue: number): Bytes {
  return new Writer(26).u8(0x42).u64be(receivedPts).u64be(paintedPts).u64be(receivedBytes).u8(Math.min(255, decodeQueue)).bytes;
}

/** One request of the control channel. */
export type ControlRequest = Partial<{
  set_video_enabled: boolean;
  input: "request" | "release" | "take" | { grant: number } | { deny: number };
  resize: { width: number; height: number };
  timings: boolean;
  ask: "hops";
  release_keys: true;
  max_bitrate: number | null;
}>;

export function control(request: ControlRequest): Bytes {
  const json = new TextEncoder().encode(JSON.stringify(request));
  return new Writer(1 + json.byteLength).u8(0x20).raw(json).bytes;
}

/** What the first, textual message says. */
export interface InitOptions {
  readonly clientId: string;
  readonly userName: string;
  readonly userRetry: boolean;
  readonly decoders: readonly string[];
}

/** The first message. Size 0 asks for the desktop's own. */
export function init(options: InitOptions): string {
  return JSON.stringify({
    type: "init",
    lunette: 1,
    session_id: "",
    width: 0,
    height: 0,
    fps: 60,
    bitrate: 0,
    client_unique_id: options.clientId,
    user_name: options.userName,
    user_retry: options.userRetry,
    decoders: options.decoders,
  });
}
