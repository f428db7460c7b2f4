/** Cursors and people: messages 0x50 to 0x58, little-endian unlike the rest. */

import { Malformed, Reader } from "./bytes";

/** Memory order of a cursor's pixels. */
export type PixelOrder = "rgba" | "bgra";

export interface CursorBitmap {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly order: PixelOrder;
  readonly pixels: Uint8Array;
}

/** The desktop's pointer changed its picture; a null bitmap means hidden. */
export interface CursorImage {
  readonly type: "cursor-image";
  readonly lastMover: number;
  readonly x: number;
  readonly y: number;
  readonly hotX: number;
  readonly hotY: number;
  readonly bitmap: CursorBitmap | null;
}

export interface CursorName {
  readonly type: "cursor-name";
  readonly lastMover: number;
  readonly hotX: number;
  readonly hotY: number;
  readonly name: string;
}

export interface RemoteCursor {
  readonly type: "remote-cursor";
  readonly user: number;
  readonly x: number;
  readonly y: number;
  readonly colour: string;
}

export interface UserJoined {
  readonly type: "user-joined";
  readonly user: number;
  readonly name: string;
  readonly colour: string;
  readonly avatar: string;
}

export interface UserLeft {
  readonly type: "user-left";
  readonly user: number;
}

export const AGENT_ACTIONS = ["idle", "moving", "clicking", "typing", "scrolling", "dragging"] as const;
export type AgentAction = (typeof AGENT_ACTIONS)[number];

export interface AgentCursor {
  readonly type: "agent-cursor";
  readonly agent: number;
  readonly x: number;
  readonly y: number;
  readonly action: AgentAction;
  readonly visible: boolean;
}

export const TOUCH_EVENTS = ["start", "move", "end", "cancel"] as const;

export interface RemoteTouch {
  readonly type: "remote-touch";
  readonly user: number;
  readonly touch: number;
  readonly event: (typeof TOUCH_EVENTS)[number];
  readonly x: number;
  readonly y: number;
  /** 0 to 1. */
  readonly pressure: number;
  readonly colour: string;
}

export interface SelfId {
  readonly type: "self-id";
  readonly user: number;
}

export type Presence = CursorImage | CursorName | RemoteCursor | UserJoined | UserLeft | AgentCursor | RemoteTouch | SelfId;

/** "AB24": bytes R, G, B, A. */
export const FOURCC_ABGR = 0x3432_4241;
/** "AR24": bytes B, G, R, A. */
export const FOURCC_ARGB = 0x3432_5241;
/** The largest side of a cursor; compositors stop at 256. */
const MAX_CURSOR = 512;
const FALLBACK_COLOUR = "#0D99FF";

/** A presence message, or null for an unused type. */
export function decodePresence(type: number, read: Reader): Presence | null {
  switch (type) {
    case 0x50:
      return cursorImage(read);
    case 0x51:
      return cursorName(read);
    case 0x53:
      return remoteCursor(read);
    case 0x54:
      return remoteUser(read);
    case 0x55:
      return agentCursor(read);
    case 0x56:
      return remoteTouch(read);
    case 0x58:
      return { type: "self-id", user: read.u32le() };
    default:
      return null;
  }
}

function cursorImage(read: Reader): CursorImage {
  const lastMover = read.u32le();
  const x = read.i32le();
  const y = read.i32le();
  const hotX = read.i32le();
  const hotY = read.i32le();
  const size = read.u32le();
  return { type: "cursor-image", lastMover, x, y, hotX, hotY, bitmap: size === 0 ? null : bitmap(new Reader(read.take(size))) };
}

function bitmap(read: Reader): CursorBitmap {
  const fourcc = read.u32le();
  const width = read.u32le();
  const height = read.u32le();
  const stride = read.i32le();
  const order = pixelOrder(fourcc);
  if (width < 1 || height < 1 || width > MAX_CURSOR || height > MAX_CURSOR) throw new Malformed(`a cursor of ${width}x${height}`);
  if (stride < width * 4) throw new Malformed(`a cursor ${width} wide with a stride of ${stride}`);
  if (read.left < stride * (height - 1) + width * 4) throw new Malformed(`${read.left} bytes of cursor, ${height} rows of ${stride}`);
  return { width, height, stride, order, pixels: read.rest() };
}

function pixelOrder(fourcc: number): PixelOrder {
  if (fourcc === FOURCC_ABGR) return "rgba";
  if (fourcc === FOURCC_ARGB) return "bgra";
  throw new Malformed(`cursor pixels of format ${fourcc.toString(16)}`);
}

function cursorName(read: Reader): CursorName {
  const lastMover = read.u32le();
  const hotX = read.i32le();
  const hotY = read.i32le();
  return { type: "cursor-name", lastMover, hotX, hotY, name: read.text(read.u8()) };
}

function remoteCursor(read: Reader): RemoteCursor {
  const user = read.u32le();
  const x = read.i32le();
  const y = read.i32le();
  return { type: "remote-cursor", user, x, y, colour: colour(read) };
}

function remoteUser(read: Reader): UserJoined | UserLeft {
  const joined = read.u8() === 1;
  const user = read.u32le();
  if (!joined) return { type: "user-left", user };
  const name = read.text(read.u8());
  const tint = colour(read);
  return { type: "user-joined", user, name, colour: tint, avatar: read.text(read.u16le()) };
}

function agentCursor(read: Reader): AgentCursor {
  const agent = read.u32le();
  const x = read.u16le();
  const y = read.u16le();
  const action = AGENT_ACTIONS[read.u8()] ?? "idle";
  return { type: "agent-cursor", agent, x, y, action, visible: read.u8() !== 0 };
}

function remoteTouch(read: Reader): RemoteTouch {
  const user = read.u32le();
  const touch = read.u32le();
  const event = TOUCH_EVENTS[read.u8()];
  if (event === undefined) throw new Malformed("a touch of an unknown kind");
  const x = read.i32le();
  const y = read.i32le();
  const pressure = read.u32le() / 65_535;
  return { type: "remote-touch", user, touch, event, x, y, pressure, colour: colour(read) };
}

/** Ends up in a style property, so nothing but `#RRGGBB` gets through. */
function colour(read: Reader): string {
  const text = read.text(read.u8());
  return /^#[0-9a-fA-F]{6}$/.test(text) ? text : FALLBACK_COLOUR;
}
