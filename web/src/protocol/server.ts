/** Binary messages that the server sends, as values. */

import { Malformed, Reader } from "./bytes";
import { decodePresence, type Presence } from "./presence";

/** One coded picture. `data` shares the message's memory. */
export interface VideoFrame {
  readonly type: "video";
  readonly codec: number;
  readonly key: boolean;
  /** Sent again to a viewer that has just joined: decode it, but do not judge its age. */
  readonly replay: boolean;
  readonly pts: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What the stream is, sent before its first picture. */
export interface StreamInit {
  readonly type: "init";
  readonly codec: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly touch: boolean;
}

/** Why the server is about to close, or cannot start. */
export interface StreamError {
  readonly type: "error";
  readonly message: string;
}

/** Answer to a ping; what an old server does not tell is null. */
export interface Pong {
  readonly type: "pong";
  readonly seq: number;
  readonly clientTime: number;
  readonly serverTime: number;
  readonly encoderLatencyMs: number | null;
  readonly latenessMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  /** "Now" on the clock of the video's pts, in microseconds. */
  readonly streamClock: number | null;
}

/** How long one picture took on the server, in microseconds since its capture. */
export interface Timing {
  readonly type: "timing";
  readonly pts: number;
  readonly encoded: number | null;
  readonly sent: number | null;
}

/** A JSON object of the control channel, not validated further here. */
export interface ControlText {
  readonly type: "control";
  readonly text: string;
}

export type ServerMessage = VideoFrame | StreamInit | StreamError | Pong | Timing | ControlText | Presence;

export const VIDEO_HEADER = 15;
const UNKNOWN_TIME = 0xffff_ffff;
const MAX_CONTROL = 1 << 20;

/** A known message, or null for a type that this viewer does not know; throws {@link Malformed}. */
export function decodeServer(bytes: Uint8Array): ServerMessage | null {
  const read = new Reader(bytes);
  const type = read.u8();
  switch (type) {
    case 0x01:
      return video(read);
    case 0x20:
      return control(read);
    case 0x30:
      return init(read);
    case 0x31:
      return { type: "error", message: read.text(read.u16be()) };
    case 0x41:
      return pong(read);
    case 0x43:
      return timing(read);
    default:
      return type >= 0x50 && type <= 0x5f ? decodePresence(type, read) : null;
  }
}

function video(read: Reader): VideoFrame {
  const codec = read.u8();
  const flags = read.u8();
  const pts = read.u64be();
  const width = read.u16be();
  const height = read.u16be();
  if (read.left === 0) throw new Malformed("a video frame without data");
  return { type: "video", codec, key: (flags & 1) !== 0, replay: (flags & 2) !== 0, pts, width, height, data: read.rest() };
}

function control(read: Reader): ControlText {
  if (read.left > MAX_CONTROL) throw new Malformed(`a control message of ${read.left} bytes`);
  return { type: "control", text: read.text(read.left) };
}

function init(read: Reader): StreamInit {
  const codec = read.u8();
  const width = read.u16be();
  const height = read.u16be();
  const fps = read.u8();
  read.take(5); // audio, which is never sent
  return { type: "init", codec, width, height, fps, touch: read.u8() !== 0 };
}

/** Servers send 21, 23, 29 or 37 bytes. */
function pong(read: Reader): Pong {
  const seq = read.u32be();
  const clientTime = read.u64be();
  const serverTime = read.u64be();
  const encoderLatencyMs = read.left >= 2 ? read.u16be() : null;
  const latenessMs = read.left >= 6 ? { p50: read.u16be(), p99: read.u16be(), max: read.u16be() } : null;
  const clock = read.left >= 8 ? read.u64be() : 0;
  return { type: "pong", seq, clientTime, serverTime, encoderLatencyMs, latenessMs, streamClock: clock === 0 ? null : clock };
}

function timing(read: Reader): Timing {
  const pts = read.u64be();
  return { type: "timing", pts, encoded: known(read.u32be()), sent: known(read.u32be()) };
}

function known(micros: number): number | null {
  return micros === UNKNOWN_TIME ? null : micros;
}
