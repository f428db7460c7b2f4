/** JSON that the server sends: control messages and the first text. Whatever has the wrong shape is left out. */

export interface Person {
  readonly id: number;
  readonly name: string;
}

export interface Holder extends Person {
  readonly kind: "person" | "agent";
}

export type Standing = "holding" | "free" | "watching" | "view-only";

/** Who may type and point. */
export interface Lease {
  readonly holder: Holder | null;
  readonly you: Standing;
  readonly waiting: readonly Person[];
}

export const HOPS = ["desktop", "compositor", "capture", "encoder", "network"] as const;
export type HopName = (typeof HOPS)[number];
export type HopState = "ok" | "still" | "silent" | "down" | "unknown";

export interface Hop {
  readonly hop: HopName;
  readonly state: HopState;
  readonly frame: number | null;
  readonly ageMs: number | null;
  readonly why: string | null;
}

export interface Capabilities {
  readonly touch: boolean;
  readonly feedback: boolean;
  readonly resize: boolean;
  readonly clipboard: boolean;
}

/** Everything one message said; absent members were not in it or were malformed. */
export interface ControlNews {
  readonly lease?: Lease;
  readonly refused?: { readonly what: string; readonly reason: string };
  readonly hops?: readonly Hop[];
  readonly clipboard?: { readonly sequence: number; readonly types: readonly string[] };
  readonly video?: { readonly state: "playing" | "paused" | "slow"; readonly bitsPerSecond: number | null };
  readonly connected?: Capabilities;
  readonly error?: string;
}

type Json = { readonly [member: string]: unknown };

const MAX_LIST = 256;
const MAX_TEXT = 4096;

/** What a control message or a text message says. */
export function parseControl(json: string): ControlNews {
  const root = object(parse(json));
  if (root === null) return {};
  return {
    ...member("lease", lease(root["input"])),
    ...member("refused", refused(root["refused"])),
    ...member("hops", hops(root["hops"])),
    ...member("clipboard", clipboard(root["clipboard"])),
    ...member("video", video(root["video"])),
    ...member("connected", connected(root["ConnectionComplete"])),
    ...member("error", text(root["error"])),
  };
}

function member<K extends keyof ControlNews>(name: K, value: ControlNews[K] | null): ControlNews {
  return value === null || value === undefined ? {} : { [name]: value };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function object(value: unknown): Json | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_LIST) : [];
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function oneOf<T extends string>(value: unknown, options: readonly T[]): T | null {
  return options.find((option) => option === value) ?? null;
}

function person(value: unknown): Person | null {
  const from = object(value);
  const id = number(from?.["id"]);
  return from === null || id === null ? null : { id, name: text(from["name"]) ?? "" };
}

function holder(value: unknown): Holder | null {
  const who = person(value);
  return who && { ...who, kind: oneOf(object(value)?.["kind"], ["person", "agent"]) ?? "person" };
}

function lease(value: unknown): Lease | null {
  const from = object(value);
  const you = oneOf(from?.["you"], ["holding", "free", "watching", "view-only"]);
  if (from === null || you === null) return null;
  return { holder: holder(from["holder"]), you, waiting: list(from["waiting"]).flatMap((each) => person(each) ?? []) };
}

function refused(value: unknown): { what: string; reason: string } | null {
  const from = object(value);
  return from && { what: text(from["what"]) ?? "control", reason: text(from["reason"]) ?? "" };
}

function hops(value: unknown): readonly Hop[] | null {
  return Array.isArray(value) ? list(value).flatMap((each) => hop(each) ?? []) : null;
}

function hop(value: unknown): Hop | null {
  const from = object(value);
  const name = oneOf(from?.["hop"], HOPS);
  if (from === null || name === null) return null;
  const state = oneOf(from["state"], ["ok", "still", "silent", "down", "unknown"]) ?? "unknown";
  return { hop: name, state, frame: number(from["frame"]), ageMs: number(from["age_ms"]), why: text(from["why"]) };
}

function clipboard(value: unknown): { sequence: number; types: readonly string[] } | null {
  const from = object(value);
  const sequence = number(from?.["sequence"]);
  if (from === null || sequence === null) return null;
  return { sequence, types: list(from["types"]).flatMap((each) => text(each) ?? []) };
}

function video(value: unknown): ControlNews["video"] | null {
  const from = object(value);
  const state = oneOf(from?.["state"], ["playing", "paused", "slow"]);
  return from === null || state === null ? null : { state, bitsPerSecond: number(from["bits_per_second"]) };
}

function connected(value: unknown): Capabilities | null {
  const from = object(value);
  if (from === null) return null;
  const can = object(from["capabilities"]) ?? {};
  const has = (name: string): boolean => can[name] === true;
  return { touch: has("touch"), feedback: has("feedback"), resize: has("resize"), clipboard: has("clipboard") };
}
