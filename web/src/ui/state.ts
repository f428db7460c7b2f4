/** Everything the page shows. */

import type { Capabilities, ControlNews, Hop, Lease } from "../protocol/control";
import type { Size } from "../render/layout";
import type { ClipboardContent } from "../session/api";
import type { Counters, Details, Trouble } from "../session/messages";
import type { LinkState } from "../session/reconnect";
import type { Settings } from "./settings";

export interface Visitor {
  readonly name: string;
  readonly colour: string;
  readonly avatar: string;
}

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "info" | "warn";
}

export interface Upload {
  readonly id: number;
  readonly name: string;
  /** 0 to 1; null when it is over. */
  readonly share: number | null;
  readonly failed: string | null;
}

export type Panel = "none" | "menu" | "people";

export interface State {
  readonly link: LinkState;
  /** On the page's clock. */
  readonly retryAt: number | null;
  readonly openSince: number | null;
  readonly picture: boolean;
  readonly everPainted: boolean;
  readonly lastFrameAt: number;
  readonly stream: Size | null;
  readonly streamError: string | null;
  readonly trouble: { readonly trouble: Trouble; readonly detail: string } | null;
  readonly capabilities: Capabilities;
  readonly lease: Lease | null;
  readonly self: number | null;
  readonly people: ReadonlyMap<number, Visitor>;
  readonly hops: readonly Hop[] | null;
  readonly video: ControlNews["video"] | null;
  readonly counters: Counters | null;
  /** What had been counted when this connection opened. */
  readonly countersAtOpen: Counters | null;
  readonly details: Details | null;
  readonly settings: Settings;
  readonly panel: Panel;
  readonly toasts: readonly Toast[];
  readonly uploads: readonly Upload[];
  /** The desktop's clipboard, where the browser lets only a click take it. */
  readonly clipboardOffer: ClipboardContent | null;
  readonly dropping: boolean;
  readonly fullscreen: boolean;
  readonly pointerLocked: boolean;
  readonly softKeyboard: boolean;
}

export const NO_CAPABILITIES: Capabilities = { touch: false, feedback: false, resize: false, clipboard: false };

export function initialState(settings: Settings): State {
  return {
    link: { phase: "idle" },
    retryAt: null,
    openSince: null,
    picture: false,
    everPainted: false,
    lastFrameAt: 0,
    stream: null,
    streamError: null,
    trouble: null,
    capabilities: NO_CAPABILITIES,
    lease: null,
    self: null,
    people: new Map(),
    hops: null,
    video: null,
    counters: null,
    countersAtOpen: null,
    details: null,
    settings,
    panel: "none",
    toasts: [],
    uploads: [],
    clipboardOffer: null,
    dropping: false,
    fullscreen: false,
    pointerLocked: false,
    softKeyboard: false,
  };
}
