/** Why there is no picture, in words: from the server's hops and from what this page has seen itself. */

import type { Hop, HopState } from "../protocol/control";
import type { Trouble } from "./messages";
import type { LinkState, StopReason } from "./reconnect";

export interface Evidence {
  readonly link: LinkState;
  /** A picture of this connection is on the page. */
  readonly picture: boolean;
  /** How long the connection is open; null while it is not. */
  readonly openForMs: number | null;
  /** Until the next attempt; null when none is planned. */
  readonly retryInMs: number | null;
  readonly trouble: { readonly trouble: Trouble; readonly detail: string } | null;
  readonly secure: boolean;
  readonly streamError: string | null;
  readonly hops: readonly Hop[] | null;
  readonly received: number;
  readonly decoded: number;
}

export type Remedy = "retry" | "use-here" | "token" | "none";

export interface Diagnosis {
  readonly busy: boolean;
  readonly title: string;
  readonly text: string;
  /** Technical, for those who want it. */
  readonly detail: string | null;
  readonly remedy: Remedy;
  readonly hops: readonly HopLine[];
}

export interface HopLine {
  readonly name: string;
  readonly state: HopState;
  readonly said: string;
}

const NAMES = {
  desktop: "Desktop",
  compositor: "Compositor",
  capture: "Capture",
  encoder: "Encoder",
  network: "Network",
} as const;

const SAID: { readonly [S in HopState]: string } = {
  ok: "working",
  still: "nothing changes",
  silent: "silent",
  down: "not running",
  unknown: "not known",
};

const plain = { busy: false, detail: null, remedy: "none", hops: [] } as const;

/** What to show over the picture; null when nothing is amiss. */
export function diagnose(evidence: Evidence): Diagnosis | null {
  if (evidence.trouble) return ofTrouble(evidence.trouble.trouble, evidence.trouble.detail, evidence.secure);
  const { link } = evidence;
  switch (link.phase) {
    case "stopped":
      return ofStop(link.reason, evidence.streamError);
    case "waiting":
    case "paused":
      return lost(evidence);
    case "idle":
    case "connecting":
      return link.phase === "connecting" && link.attempt > 0 ? lost(evidence) : { ...plain, busy: true, title: "Connecting", text: "" };
    case "open":
      return evidence.picture ? null : firstPicture(evidence);
  }
}

/** One sentence about a picture that stands still because something failed; null when all is well or unknown. */
export function complaint(hops: readonly Hop[] | null): string | null {
  const hop = hops && culprit(hops);
  return hop ? `The picture stands still: ${sentence(hop)}` : null;
}

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function ofTrouble(trouble: Trouble, detail: string, secure: boolean): Diagnosis {
  if (trouble === "codec-unsupported") {
    const text = "This browser cannot decode the desktop's video. Another browser, or a newer one, may.";
    return { ...plain, title: "Video not supported", text, detail, remedy: "retry" };
  }
  if (trouble === "worker-failed") {
    return { ...plain, title: "The viewer could not start", text: "Part of this page did not load. Reload it to try again.", detail };
  }
  const text = secure
    ? "This browser has no WebCodecs, which the viewer decodes video with. Chrome and Edge 94, Safari 17 and Firefox 130 have it, and newer ones."
    : "Browsers decode live video only on secure pages. Open this desktop over HTTPS, or through a tunnel to localhost such as ssh -L.";
  return { ...plain, title: secure ? "This browser is too old" : "This page is not secure", text };
}

function ofStop(reason: StopReason, streamError: string | null): Diagnosis | null {
  const detail = streamError;
  switch (reason) {
    case "superseded":
      return { ...plain, title: "Open in another place", text: "This desktop was opened again with this tab's identity.", remedy: "use-here" };
    case "unauthorised":
      return { ...plain, title: "A token is needed", text: "Paste the token of this desktop. It stays in this tab.", detail, remedy: "token" };
    case "rejected":
      return rejected(streamError);
    case "gave-up":
      return { ...plain, title: "No connection", text: "The desktop did not answer for a while.", detail, remedy: "retry" };
    case "left":
      return null;
  }
}

function rejected(streamError: string | null): Diagnosis {
  const [friendly, detail] = split(streamError);
  const text = friendly || "The server does not understand this page, which may be older than the server. Reload it to get the one that fits.";
  return { ...plain, title: "The desktop refused this connection", text, detail, remedy: "retry" };
}

function lost({ link, retryInMs, streamError }: Evidence): Diagnosis {
  const [friendly, detail] = split(streamError);
  const when = retryInMs === null ? "" : `Next attempt in ${duration(Math.max(1000, retryInMs))}.`;
  const text = [friendly, link.phase === "paused" ? "Waiting until this tab is looked at." : when].filter(Boolean).join(" ");
  return { busy: link.phase === "connecting", title: "Reconnecting", text, detail, remedy: "retry", hops: [] };
}

function firstPicture(evidence: Evidence): Diagnosis {
  const [friendly, detail] = split(evidence.streamError);
  const waited = evidence.openForMs ?? 0;
  const base = { busy: true, title: "Waiting for the first picture", remedy: "none", detail } as const;
  if (friendly !== "") return { ...base, text: friendly, hops: lines(evidence) };
  if (waited < 1500) return { ...base, text: "", hops: [] };
  return { ...base, text: reason(evidence, waited), hops: lines(evidence) };
}

function reason({ hops, received, decoded }: Evidence, waited: number): string {
  const hop = hops && culprit(hops);
  if (hop) return sentence(hop);
  if (received > 0 && decoded === 0) return `Video arrives, but this browser has decoded none of it for ${duration(waited)}.`;
  if (received > 0) return "Video is decoded, but the page cannot paint it.";
  if (!hops) return `The server has not said anything about its picture for ${duration(waited)}.`;
  return `Everything says that it works, but no video has arrived for ${duration(waited)}.`;
}

/** The first hop on the picture's way that failed: those behind it starve. */
function culprit(hops: readonly Hop[]): Hop | null {
  return hops.find((hop) => hop.state === "down") ?? hops.find((hop) => hop.state === "silent") ?? null;
}

function sentence({ hop, state, ageMs, why }: Hop): string {
  const since = ageMs === null ? "" : ` for ${duration(ageMs)}`;
  const what = state === "down" ? "is not running" : `has been silent${since}`;
  return `the ${NAMES[hop].toLowerCase()} ${what}${why === null ? "." : `: ${why}`}`.replace(/^the/, "The");
}

function lines({ hops, received, decoded }: Evidence): HopLine[] {
  if (!hops) return [];
  const own: HopLine = {
    name: "This browser",
    state: received > 0 && decoded === 0 ? "silent" : "ok",
    said: `${received} frames arrived, ${decoded} decoded`,
  };
  return [...hops.map(line), own];
}

function line({ hop, state, frame, ageMs, why }: Hop): HopLine {
  const parts = [SAID[state], frame === null ? null : `frame ${frame}`, ageMs === null ? null : `${duration(ageMs)} ago`, why];
  return { name: NAMES[hop], state, said: parts.filter((part) => part !== null).join(", ") };
}

/** A stream error's friendly paragraph and its technical rest. */
function split(error: string | null): [string, string | null] {
  if (error === null) return ["", null];
  const [friendly = "", ...rest] = error.split("\n\n");
  return [friendly, rest.length > 0 ? rest.join("\n\n") : null];
}
