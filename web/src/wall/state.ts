/** What the wall shows. */

import type { Desktop, WallMessage } from "./messages";
import type { Who } from "./server";

/** A desktop's small picture, or why there is none. */
export interface Sight {
  readonly url: string | null;
  readonly why: string | null;
}

export interface WallState {
  /** Null until it is known; "nobody" when nobody is logged in. */
  readonly who: Who | "nobody" | null;
  readonly connected: boolean;
  readonly desktops: readonly Desktop[];
  readonly sights: ReadonlyMap<string, Sight>;
  readonly filter: string;
  /** The desktop that is shown whole. */
  readonly open: string | null;
  readonly trouble: string | null;
}

export const initial: WallState = {
  who: null,
  connected: false,
  desktops: [],
  sights: new Map(),
  filter: "",
  open: null,
  trouble: null,
};

/** Makes a picture's address, and lets go of one. */
export interface Pictures {
  make(jpeg: Uint8Array<ArrayBuffer>): string;
  drop(url: string): void;
}

/** The state after a message. */
export function after(state: WallState, message: WallMessage, pictures: Pictures): WallState {
  switch (message.type) {
    case "desktops": {
      const there = new Set(message.desktops.filter((one) => one.state === "running" || one.state === "frozen").map((one) => one.id));
      const sights = new Map(state.sights);
      for (const [id, sight] of sights) {
        if (there.has(id)) continue;
        if (sight.url !== null) pictures.drop(sight.url);
        sights.delete(id);
      }
      return { ...state, desktops: message.desktops, sights };
    }
    case "picture": {
      const before = state.sights.get(message.id);
      if (before?.url) pictures.drop(before.url);
      return { ...state, sights: new Map(state.sights).set(message.id, { url: pictures.make(message.jpeg), why: null }) };
    }
    case "sight": {
      const url = state.sights.get(message.id)?.url ?? null;
      return { ...state, sights: new Map(state.sights).set(message.id, { url, why: message.why }) };
    }
  }
}

/** Why a desktop has no picture now, for a person; null when it has one. */
export function silence(desktop: Desktop, sight: Sight | undefined): string | null {
  switch (desktop.state) {
    case "pending":
      return "Its host was not asked for it yet";
    case "starting":
      return desktop.why ?? "It is starting";
    case "stopping":
      return "It is being ended";
    case "stopped":
      return "It is stopped";
    case "failed":
      return desktop.why ?? "It failed";
    case "lost":
      return desktop.why ?? "Its host does not answer";
    case "frozen":
      return desktop.why ?? "It has stopped showing pictures";
    case "running":
      return sight === undefined ? "Its picture is on its way" : sight.why;
  }
}
