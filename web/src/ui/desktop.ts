/** The page's side of one desktop: hears the worker, keeps the state, and does what the controls ask for. */

import type { Early } from "../early";
import type { ControlNews, Lease } from "../protocol/control";
import type { Presence } from "../protocol/presence";
import { DEFAULT, type DrawnCursor, ofImage, ofName } from "../render/cursor";
import { matching, type Point } from "../render/layout";
import { Others } from "../render/others";
import type { Stage } from "../render/stage";
import type { Api, ClipboardContent } from "../session/api";
import { diagnose } from "../session/diagnosis";
import type { FromWorker } from "../session/messages";
import { Remote } from "../session/remote";
import type { TokenBox } from "../session/token";
import { ClipboardSync } from "../input/clipboard";
import type { Intent } from "../input/pointer";
import { evidenceOf } from "./evidence";
import { type Settings, save } from "./settings";
import { NO_CAPABILITIES, type State } from "./state";
import type { Store } from "./store";
import { Uploads } from "./uploads";

const RESIZE_DELAY = 300;
const TOAST_TIME = 5000;
/** A free desktop is taken by the first act; until the server says so, moves count too. */
const TAKING = 1000;
const ASK_GAP = 1000;
/** A picture that stands still for longer may have stopped for a reason. */
const STILL_ASK_GAP = 10_000;

/** What a refusal without a reason says. */
const REFUSED: { readonly [what: string]: string } = {
  control: "Your request for control was denied.",
  input: "You do not control this desktop.",
  resize: "This desktop keeps its size.",
};

type CursorEvent = Extract<Presence, { type: "cursor-image" | "cursor-name" }>;

export class Desktop {
  readonly remote: Remote;
  readonly clipboard: ClipboardSync;
  readonly uploads: Uploads;
  readonly #others: Others;
  #cursor: CursorEvent | null = null;
  #drawn: DrawnCursor = DEFAULT;
  #takingUntil = 0;
  #lastToast = 0;
  #lastTried = -Infinity;
  #resizeTimer: ReturnType<typeof setTimeout> | undefined;
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #pointerAt: Point | null = null;
  /** Control or the connection went away: nothing is held any more. */
  onReleased: () => void = () => undefined;
  onRoundTrip: (ms: number | null) => void = () => undefined;

  constructor(
    readonly store: Store<State>,
    readonly stage: Stage,
    private readonly box: TokenBox,
    api: Api,
    early: Early,
  ) {
    this.remote = new Remote(early);
    this.uploads = new Uploads(api, store);
    this.clipboard = new ClipboardSync(api, {
      offer: (clipboardOffer) => store.set({ clipboardOffer }),
      failed: (what) => this.toast(what, "warn"),
      upload: (files) => this.uploads.add(files),
    });
    this.#others = new Others(stage.overlay, (user) => store.value.people.get(user) ?? null, () => store.value.self);
    stage.onPlaced(() => this.#placed());
    if (!early.worker) store.set({ trouble: { trouble: "no-webcodecs", detail: "" } });
    this.remote.listen(
      (message) => this.#hear(message),
      (detail) => store.set({ trouble: { trouble: "worker-failed", detail } }),
    );
  }

  /** Whether input is to be sent: pointing alone does not take a free desktop. */
  mayControl(intent: Intent): boolean {
    const { lease } = this.store.value;
    if (!lease || lease.you === "holding") return true;
    if (lease.you !== "free") return false;
    if (intent === "act") this.#takingUntil = performance.now() + TAKING;
    return performance.now() < this.#takingUntil;
  }

  /** A person tried to work in a desktop that somebody else holds. */
  tried(): void {
    const now = performance.now();
    if (now - this.#lastTried < TOAST_TIME) return;
    this.#lastTried = now;
    const { lease } = this.store.value;
    if (lease?.you === "view-only") return this.toast("You may watch this desktop, but not control it.", "info");
    if (!lease?.holder) return;
    const hint = lease.holder.kind === "agent" ? "Take over in the toolbar." : "Ask for control in the toolbar.";
    this.toast(`${nameOf(lease.holder)} controls this desktop. ${hint}`, "info");
  }

  retry(): void {
    this.store.set({ trouble: null, streamError: null });
    this.remote.post({ type: "retry", token: this.box.value });
  }

  /** Tries a token that a person typed. */
  useToken(token: string): boolean {
    const good = this.box.put(token);
    if (good) this.retry();
    return good;
  }

  change(change: Partial<Settings>): void {
    const settings = { ...this.store.value.settings, ...change };
    this.store.set({ settings });
    save(settings);
    if (change.fit !== undefined) this.stage.fit = change.fit;
    if (change.matchWindow === true) this.#askForSize();
    if (change.maxBitrate !== undefined) this.#limitBitrate();
    if (change.hud !== undefined) this.remote.post({ type: "details", on: change.hud });
  }

  takeClipboard(content: ClipboardContent): void {
    void this.clipboard.take(content);
  }

  toast(text: string, tone: "info" | "warn"): void {
    const id = (this.#lastToast += 1);
    const others = this.store.value.toasts.filter((toast) => toast.text !== text).slice(-2);
    this.store.set({ toasts: [...others, { id, text, tone }] });
    setTimeout(() => this.store.set({ toasts: this.store.value.toasts.filter((toast) => toast.id !== id) }), TOAST_TIME);
  }

  /** Shows the pointer of a touchpad made of fingers. */
  showPointer(at: Point | null): void {
    this.#pointerAt = at;
    this.#others.pointer(at, this.#drawn);
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case "link":
        return this.#link(message);
      case "news":
        return this.#news(message.news);
      case "presence":
        return this.#presence(message.event);
      case "stream":
      case "size":
        return this.#size(message.width, message.height);
      case "picture":
        return this.#picture(message.shown);
      case "first-paint":
        performance.mark("lunette:first-paint", { startTime: Math.max(0, message.at - performance.timeOrigin) });
        return;
      case "stream-error":
        return this.store.set({ streamError: message.message });
      case "trouble":
        return this.store.set({ trouble: message });
      case "counters":
      case "details":
        return this.#counters(message);
      case "canvas-lost":
        return this.remote.canvas(this.stage.freshCanvas());
      default:
    }
  }

  #link({ state, now }: Extract<FromWorker, { type: "link" }>): void {
    const before = this.store.value.link.phase;
    const retryAt = state.phase === "waiting" ? performance.now() + state.retryAt - now : null;
    const opened = state.phase === "open" && before !== "open";
    const openSince = state.phase !== "open" ? null : opened ? performance.now() : this.store.value.openSince;
    this.store.set({ link: state, retryAt, openSince });
    if (opened) this.store.set({ streamError: null, hops: null, countersAtOpen: this.store.value.counters });
    if (before === "open" && state.phase !== "open") this.#lost();
    this.#scheduleAsk();
  }

  #picture(picture: boolean): void {
    this.store.set({ picture, ...(picture ? { everPainted: true, streamError: null, trouble: null } : {}) });
    // What had the focus, such as a button of the overlay, went away.
    if (picture && document.activeElement === document.body) this.stage.focus();
    this.#scheduleAsk();
  }

  #lost(): void {
    this.onReleased();
    this.#others.clear();
    this.store.set({ lease: null, self: null, people: new Map(), capabilities: NO_CAPABILITIES, video: null, hops: null });
  }

  #news(news: ControlNews): void {
    if (news.connected) this.store.set({ capabilities: news.connected });
    if (news.connected && this.store.value.settings.maxBitrate !== null) this.#limitBitrate();
    if (news.connected?.resize && this.store.value.settings.matchWindow) this.#askForSize();
    if (news.lease) this.#lease(news.lease);
    if (news.refused) this.toast(news.refused.reason || REFUSED[news.refused.what] || `Refused: ${news.refused.what}`, "warn");
    if (news.hops) this.store.set({ hops: news.hops });
    if (news.video) this.store.set({ video: news.video });
    if (news.error !== undefined) this.store.set({ streamError: news.error });
    if (news.clipboard) void this.clipboard.changed(news.clipboard.sequence);
  }

  #lease(lease: Lease): void {
    const held = this.store.value.lease?.you === "holding";
    this.store.set({ lease });
    if (held && lease.you !== "holding") this.onReleased();
    this.#applyCursor();
  }

  #presence(event: Presence): void {
    const { people } = this.store.value;
    if (event.type === "self-id") this.store.set({ self: event.user });
    if (event.type === "user-joined") this.store.set({ people: new Map(people).set(event.user, event) });
    if (event.type === "user-left") this.store.set({ people: new Map([...people].filter(([user]) => user !== event.user)) });
    if (event.type === "cursor-image" || event.type === "cursor-name") {
      this.#cursor = event;
      this.#drawCursor();
    } else {
      this.#others.take(event);
    }
  }

  #size(width: number, height: number): void {
    if (width === 0 || height === 0) return;
    this.store.set({ stream: { width, height } });
    this.stage.setStream({ width, height });
  }

  #counters(message: Extract<FromWorker, { type: "counters" | "details" }>): void {
    const painted = message.counters.painted !== this.store.value.counters?.painted;
    const details = message.type === "details" ? { details: message.details } : {};
    this.store.set({ counters: message.counters, ...(painted ? { lastFrameAt: performance.now(), hops: null } : {}), ...details });
    this.onRoundTrip(message.counters.rttMs);
    if (painted) this.#scheduleAsk();
  }

  #placed(): void {
    this.#drawCursor();
    if (this.store.value.settings.matchWindow) this.#askForSize();
  }

  #drawCursor(): void {
    if (!this.#cursor) return;
    this.#drawn =
      this.#cursor.type === "cursor-name" ? ofName(this.#cursor) : ofImage(this.#cursor, this.stage.placement.scale, devicePixelRatio);
    this.#applyCursor();
  }

  #applyCursor(): void {
    const you = this.store.value.lease?.you;
    // Who only watches keeps a pointer, also where the desktop hides its own.
    this.stage.element.style.cursor = you === "watching" || you === "view-only" ? "default" : this.#drawn.css;
    this.#others.pointer(this.#pointerAt, this.#drawn);
  }

  #limitBitrate(): void {
    this.remote.control({ max_bitrate: this.store.value.settings.maxBitrate });
  }

  #askForSize(): void {
    clearTimeout(this.#resizeTimer);
    this.#resizeTimer = setTimeout(() => {
      const { capabilities, stream, settings, lease } = this.store.value;
      const watches = lease?.you === "watching" || lease?.you === "view-only";
      const wanted = matching(this.stage.view, devicePixelRatio);
      const same = wanted.width === stream?.width && wanted.height === stream.height;
      if (capabilities.resize && settings.matchWindow && !same && !watches) this.remote.control({ resize: wanted });
    }, RESIZE_DELAY);
  }

  /** Asks what every hop has to say while there is no picture, and seldom while it stands still. */
  #scheduleAsk(): void {
    clearTimeout(this.#askTimer);
    const { link, picture } = this.store.value;
    if (link.phase !== "open" || document.hidden) return;
    this.#askTimer = setTimeout(() => {
      this.remote.control({ ask: "hops" });
      this.#scheduleAsk();
    }, picture ? STILL_ASK_GAP : ASK_GAP);
  }

  /** Hidden pages ask for nothing. */
  visibility(hidden: boolean): void {
    this.remote.post({ type: "visibility", hidden });
    this.#scheduleAsk();
  }

  /** What is wrong now, if anything. */
  diagnosis(now: number): ReturnType<typeof diagnose> {
    return diagnose(evidenceOf(this.store.value, now));
  }
}

export function nameOf(holder: { readonly name: string; readonly kind: "person" | "agent" }): string {
  if (holder.name !== "") return holder.kind === "agent" ? `Agent ${holder.name}` : holder.name;
  return holder.kind === "agent" ? "An agent" : "Somebody";
}
