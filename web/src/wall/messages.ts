/** What the control plane says over the wall's WebSocket, as docs/control-plane.md has it. */

export const STATES = ["pending", "starting", "running", "frozen", "stopping", "stopped", "failed", "lost"] as const;
export type State = (typeof STATES)[number];

export interface Desktop {
  readonly id: string;
  readonly name: string;
  readonly profile: string;
  readonly host: string;
  readonly owner: string;
  readonly tags: readonly string[];
  readonly state: State;
  readonly why: string | null;
  readonly size: string;
  readonly bridge: string;
  readonly viewers: number;
  readonly controller: string | null;
}

export type WallMessage =
  | { readonly type: "desktops"; readonly desktops: readonly Desktop[] }
  | { readonly type: "sight"; readonly id: string; readonly why: string }
  | { readonly type: "picture"; readonly id: string; readonly frame: bigint; readonly jpeg: Uint8Array<ArrayBuffer> };

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function orNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** One desktop; null for what is none. */
export function desktop(value: unknown): Desktop | null {
  const of = fields(value);
  if (of === null || typeof of["id"] !== "string") return null;
  const tags = Array.isArray(of["tags"]) ? of["tags"].filter((tag): tag is string => typeof tag === "string") : [];
  return {
    id: of["id"],
    name: text(of["name"], of["id"]),
    profile: text(of["profile"], ""),
    host: text(of["host"], ""),
    owner: text(of["owner"], ""),
    tags,
    state: STATES.find((state) => state === of["state"]) ?? "pending",
    why: orNull(of["why"]),
    size: text(of["size"], ""),
    bridge: text(of["bridge"], "absent"),
    viewers: typeof of["viewers"] === "number" ? of["viewers"] : 0,
    controller: orNull(of["controller"]),
  };
}

/** Reads a message; null for one that a newer server may send. */
export function read(data: string | ArrayBuffer): WallMessage | null {
  if (typeof data !== "string") return picture(data);
  let of: Fields | null = null;
  try {
    of = fields(JSON.parse(data));
  } catch {
    return null;
  }
  if (of?.["type"] === "desktops" && Array.isArray(of["desktops"])) {
    const desktops = of["desktops"].map(desktop).filter((one): one is Desktop => one !== null);
    return { type: "desktops", desktops };
  }
  if (of?.["type"] === "sight" && typeof of["id"] === "string") {
    return { type: "sight", id: of["id"], why: text(of["why"], "") };
  }
  return null;
}

/** 1, the length of the id, the id, the frame's number in 8 bytes, a JPEG file. */
function picture(data: ArrayBuffer): WallMessage | null {
  const bytes = new Uint8Array(data);
  const length = bytes[1];
  if (bytes[0] !== 1 || length === undefined || bytes.length < 10 + length) return null;
  const id = new TextDecoder().decode(bytes.subarray(2, 2 + length));
  const frame = new DataView(data).getBigUint64(2 + length);
  return { type: "picture", id, frame, jpeg: bytes.slice(10 + length) };
}

/** Which pictures are wanted. */
export function watch(ids: readonly string[]): string {
  return JSON.stringify({ type: "watch", ids });
}
