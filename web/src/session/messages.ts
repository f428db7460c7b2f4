/** What the page and its worker say to each other. Frames are never among it. */

import type { ControlNews } from "../protocol/control";
import type { ControlRequest } from "../protocol/client";
import type { Presence } from "../protocol/presence";
import type { LinkState } from "./reconnect";
import type { Spread, Stage } from "./stages";

/** What the worker needs before it can connect. */
export interface Setup {
  readonly url: string;
  readonly statusUrl: string;
  readonly token: string | null;
  /** When the page was navigated to, in milliseconds since the epoch. */
  readonly navigationAt: number;
  readonly hidden: boolean;
}

/** Who looks; the server hears it first. */
export interface Identity {
  readonly clientId: string;
  readonly userName: string;
}

export type ToWorker =
  | { readonly type: "setup"; readonly setup: Setup }
  | { readonly type: "identity"; readonly identity: Identity }
  | { readonly type: "canvas"; readonly canvas: OffscreenCanvas }
  | { readonly type: "send"; readonly bytes: ArrayBuffer }
  | { readonly type: "control"; readonly request: ControlRequest }
  | { readonly type: "visibility"; readonly hidden: boolean }
  | { readonly type: "online" }
  | { readonly type: "retry"; readonly token: string | null }
  | { readonly type: "leave" }
  | { readonly type: "resume" }
  | { readonly type: "details"; readonly on: boolean }
  | { readonly type: "ask-stats"; readonly id: number }
  | { readonly type: "read-pixels"; readonly id: number; readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** Counters since the page was opened, unless they say otherwise. */
export interface Counters {
  /** Video frames that arrived. */
  readonly received: number;
  readonly decoded: number;
  readonly painted: number;
  /** Decoded, but a newer one was painted instead. */
  readonly dropped: number;
  /** Deltas that arrived while a key frame was wanted. */
  readonly skipped: number;
  /** Bytes of video on this connection, headers included. */
  readonly receivedBytes: number;
  readonly lastReceivedPts: number;
  readonly lastPaintedPts: number;
  /** From navigation to the first painted frame. */
  readonly firstPaintMs: number | null;
  /** Connections that were opened. */
  readonly connections: number;
  readonly decoderResets: number;
  readonly width: number;
  readonly height: number;
  readonly codec: string | null;
  readonly rttMs: number | null;
  /** Stream clock minus this page's `performance.timeOrigin + performance.now()`, in milliseconds. */
  readonly clockOffsetMs: number | null;
  /** Capture to painted of the newest frame. */
  readonly lastLatencyMs: number | null;
}

/** What the HUD shows beyond the counters. */
export interface Details {
  readonly fps: number;
  readonly bitsPerSecond: number;
  readonly decodeQueue: number;
  readonly stages: { readonly [S in Stage]: Spread | null };
  readonly renderer: string;
}

export type Trouble = "no-webcodecs" | "codec-unsupported" | "worker-failed";

export type FromWorker =
  | { readonly type: "link"; readonly state: LinkState; readonly now: number }
  | { readonly type: "news"; readonly news: ControlNews }
  | { readonly type: "presence"; readonly event: Presence }
  | { readonly type: "stream"; readonly width: number; readonly height: number; readonly touch: boolean }
  | { readonly type: "size"; readonly width: number; readonly height: number }
  | { readonly type: "picture"; readonly shown: boolean }
  | { readonly type: "first-paint"; readonly at: number }
  | { readonly type: "stream-error"; readonly message: string }
  | { readonly type: "trouble"; readonly trouble: Trouble; readonly detail: string }
  | { readonly type: "counters"; readonly counters: Counters }
  | { readonly type: "details"; readonly counters: Counters; readonly details: Details }
  | { readonly type: "stats"; readonly id: number; readonly counters: Counters }
  | { readonly type: "pixels"; readonly id: number; readonly pixels: ArrayBuffer | null }
  | { readonly type: "canvas-lost" };
