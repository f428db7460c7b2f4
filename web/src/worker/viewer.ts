/**
 * The viewer's core: one link, one decoder, one painter, and the timers between them.
 *
 * ```text
 *   page ──input, visibility──▶ Viewer ──▶ Socket ──▶ server
 *   page ◀──news, counters───── Viewer ◀── Socket ◀── server
 *                                 └──▶ Decoder ──▶ Painter ──▶ canvas
 * ```
 */

import { Malformed } from "../protocol/bytes";
import { type ControlRequest, control, init, ping } from "../protocol/client";
import { parseControl } from "../protocol/control";
import { decodeServer, type ServerMessage, type VideoFrame as CodedFrame } from "../protocol/server";
import { Heartbeat } from "../session/heartbeat";
import type { FromWorker, Identity, Setup } from "../session/messages";
import { type LinkAction, type LinkEvent, Reconnect } from "../session/reconnect";
import { Watchdog } from "../session/watchdog";
import { Decoder } from "./decoder";
import { Painter } from "./painter";
import { Confirmation, PageReports } from "./reports";
import { Socket } from "./socket";
import { microsNow, Telemetry } from "./telemetry";

/** A tab that is hidden for less keeps its video: switching tabs back and forth costs no key frame. */
const HIDE_DELAY = 1000;
/** An answer on the token that takes longer is of no use: the next attempt asks again. */
const WHY_LIMIT = 5000;
const DECODERS = ["avc1.42E01F", "avc1.4D0028", "avc1.640028"];

type Timer = ReturnType<typeof setTimeout> | undefined;

export class Viewer {
  readonly #link = new Reconnect(Math.random);
  readonly #watchdog = new Watchdog();
  readonly #heart = new Heartbeat();
  readonly #telemetry = new Telemetry();
  readonly #decoder: Decoder;
  readonly #reports: PageReports;
  readonly #confirmation: Confirmation;
  #painter: Painter | null = null;
  #socket: Socket | null = null;
  #identity: Identity | null = null;
  /** Greets a server whose connection opened before the page knew who it is. */
  #greet: (() => void) | null = null;
  #token: string | null;
  #hidden: boolean;
  #paused = false;
  #pictureShown = false;
  #pingSeq = 0;
  #timer: Timer;
  #hideTimer: Timer;

  constructor(
    private readonly setup: Setup,
    private readonly post: (message: FromWorker) => void,
  ) {
    this.#token = setup.token;
    this.#hidden = setup.hidden;
    this.#decoder = new Decoder({
      decoded: (frame) => this.#decoded(frame),
      skipped: () => (this.#telemetry.skipped += 1),
      failed: () => this.#wantKeyFrame(),
      unsupported: (codec) => this.post({ type: "trouble", trouble: "codec-unsupported", detail: codec }),
    });
    this.#reports = new PageReports(
      () => this.counters(),
      () => (this.#hidden ? null : this.#telemetry.details(this.#decoder.queue)),
      post,
    );
    this.#confirmation = new Confirmation(
      () => this.#telemetry,
      () => this.#decoder.queue,
      (bytes) => this.#socket?.send(bytes),
    );
    if (this.#hidden) this.#on({ type: "hidden" });
    this.#on({ type: "start" });
    if (!this.#hidden) this.#decoder.warm();
  }

  /** Comes once, and not before the connection is begun: claiming the tab's id takes a moment. */
  identity(identity: Identity): void {
    this.#identity = identity;
    this.#greet?.();
  }

  canvas(canvas: OffscreenCanvas): void {
    const again = this.#painter !== null;
    this.#painter?.close();
    this.#painter = new Painter(canvas, {
      painted: (frame) => this.#painted(frame.timestamp),
      dropped: () => (this.#telemetry.dropped += 1),
      resized: (width, height) => this.#resized(width, height),
      lost: (restored) => (restored ? this.#wantKeyFrame() : this.post({ type: "canvas-lost" })),
    });
    if (again) this.#wantKeyFrame();
  }

  send(bytes: ArrayBuffer): void {
    if (this.#socket?.congested && mayBeLeftOut(bytes)) return;
    this.#socket?.send(bytes);
    this.#busy();
  }

  control(request: ControlRequest): void {
    this.#socket?.send(control(request));
  }

  online(): void {
    this.#on({ type: "online" });
  }

  retry(token: string | null): void {
    this.#token = token;
    this.#on({ type: "retry" });
  }

  leave(): void {
    this.#on({ type: "leave" });
  }

  resume(): void {
    this.#on({ type: "start" });
  }

  visibility(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    clearTimeout(this.#hideTimer);
    this.#watchdog.forget();
    if (hidden) {
      this.#hideTimer = setTimeout(() => this.#pause(), HIDE_DELAY);
    } else {
      this.#play();
      this.#heart.hurry();
    }
    this.#on({ type: hidden ? "hidden" : "shown" });
  }

  details(on: boolean): void {
    this.#telemetry.detailed = on;
    this.control({ timings: on });
    this.#reports.detailed(on);
  }

  counters() {
    return this.#telemetry.counters(this.#decoder.codec, this.setup.navigationAt);
  }

  pixels(x: number, y: number, width: number, height: number): ArrayBuffer | null {
    return this.#painter?.read(x, y, width, height)?.buffer ?? null;
  }

  #on(event: LinkEvent): void {
    const before = this.#link.state;
    const actions = this.#link.handle(event, performance.now());
    for (const action of actions) this.#do(action);
    if (this.#link.state !== before) this.post({ type: "link", state: this.#link.state, now: performance.now() });
    this.#arm();
  }

  #do(action: LinkAction): void {
    if (action.do === "disconnect") this.#drop();
    else this.#connect(action.userRetry);
  }

  #connect(userRetry: boolean): void {
    this.#drop();
    const socket = new Socket(this.setup.url, this.#token, {
      opened: () => this.#opened(socket, userRetry),
      text: (message) => {
        this.#link.handle({ type: "message" }, performance.now());
        this.#news(message);
      },
      binary: (message) => this.#message(message),
      closed: (code, everOpen) => this.#closed(code, everOpen),
    });
    this.#socket = socket;
  }

  #opened(socket: Socket, userRetry: boolean): void {
    this.#greet = null;
    if (this.#identity === null) {
      this.#greet = () => this.#opened(socket, userRetry);
      return;
    }
    socket.send(init({ ...this.#identity, userRetry, decoders: DECODERS }));
    this.#telemetry.connected();
    this.#paused = false;
    if (this.#hidden) this.#pause();
    if (this.#telemetry.detailed) this.control({ timings: true });
    this.#heart.hurry();
    this.#on({ type: "opened" });
  }

  #closed(code: number, everOpen: boolean): void {
    this.#drop();
    if (!everOpen) void this.#askWhyRefused();
    this.#on({ type: "closed", code });
  }

  /** Browsers hide why a WebSocket was refused; a plain request tells whether the token was. */
  async #askWhyRefused(): Promise<void> {
    const token = this.#token;
    try {
      const headers: HeadersInit = token === null ? {} : { authorization: `Bearer ${token}` };
      const { status } = await fetch(this.setup.statusUrl, { headers, cache: "no-store", signal: AbortSignal.timeout(WHY_LIMIT) });
      // A person may have entered another token meanwhile.
      if ((status === 401 || status === 403) && token === this.#token) this.#on({ type: "refused" });
    } catch {
      // Not reachable at all: the link's own retries say so.
    }
  }

  #drop(): void {
    this.#painter?.settle();
    this.#socket?.close();
    this.#socket = null;
    this.#greet = null;
    this.#decoder.reset();
    this.#watchdog.forget();
    this.#confirmation.forget();
    if (this.#pictureShown) this.post({ type: "picture", shown: false });
    this.#pictureShown = false;
  }

  #message(bytes: Uint8Array): void {
    this.#link.handle({ type: "message" }, performance.now());
    let message: ServerMessage | null;
    try {
      message = decodeServer(bytes);
    } catch (error) {
      if (error instanceof Malformed) return;
      throw error;
    }
    if (message) this.#take(message, bytes.byteLength);
  }

  #take(message: ServerMessage, size: number): void {
    switch (message.type) {
      case "video":
        return this.#frame(message, size);
      case "pong":
        return this.#telemetry.pong(message);
      case "timing":
        return this.#telemetry.timing(message);
      case "init":
        return this.post({ type: "stream", width: message.width, height: message.height, touch: message.touch });
      case "error":
        return this.post({ type: "stream-error", message: message.message });
      case "control":
        return this.#news(message.text);
      default:
        return this.post({ type: "presence", event: message });
    }
  }

  #news(json: string): void {
    const news = parseControl(json);
    if (news.connected) this.#confirmation.wanted = news.connected.feedback;
    this.post({ type: "news", news });
  }

  #frame(frame: CodedFrame, size: number): void {
    this.#telemetry.frameReceived(frame.pts, size, frame.replay);
    if (!this.#hidden) this.#watchdog.arrived(performance.now());
    this.#decoder.feed(frame);
    this.#confirmation.changed();
    this.#reports.changed();
    this.#busy();
  }

  #decoded(frame: VideoFrame): void {
    this.#telemetry.frameDecoded(frame.timestamp);
    if (this.#painter) this.#painter.show(frame);
    else frame.close();
    this.#confirmation.changed();
  }

  #painted(pts: number): void {
    const first = this.#telemetry.firstPaintAt === null;
    this.#telemetry.framePainted(pts);
    this.#watchdog.painted();
    this.#link.handle({ type: "painted" }, performance.now());
    if (first) this.post({ type: "first-paint", at: this.#telemetry.firstPaintAt ?? 0 });
    if (!this.#pictureShown) this.post({ type: "picture", shown: true });
    this.#pictureShown = true;
    this.#confirmation.changed();
    this.#reports.changed();
  }

  #resized(width: number, height: number): void {
    this.#telemetry.width = width;
    this.#telemetry.height = height;
    this.post({ type: "size", width, height });
  }

  /** Resuming makes the server send a key frame at once. A paused stream gets one when it is resumed anyway. */
  #wantKeyFrame(): void {
    this.#telemetry.decoderResets += 1;
    this.#confirmation.changed();
    if (this.#paused) return;
    this.control({ set_video_enabled: false });
    this.control({ set_video_enabled: true });
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.control({ set_video_enabled: false });
  }

  #play(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#decoder.reset();
    this.#confirmation.changed();
    this.control({ set_video_enabled: true });
  }

  #busy(): void {
    if (this.#heart.busy(performance.now())) this.#arm();
  }

  get #pings(): boolean {
    return this.#link.state.phase === "open" && !this.#hidden;
  }

  /** One timer serves the link's deadlines and the pings. */
  #arm(): void {
    const now = performance.now();
    const due = Math.min(this.#link.deadline ?? Infinity, this.#pings ? this.#heart.due(now) : Infinity);
    clearTimeout(this.#timer);
    if (due < Infinity) this.#timer = setTimeout(() => this.#tick(), Math.max(0, due - now));
  }

  #tick(): void {
    const now = performance.now();
    if (this.#pings) {
      if (this.#heart.take(now)) this.#ping();
      const verdict = this.#watchdog.check(now);
      if (verdict === "reset-decoder") this.#restartDecoder();
      if (verdict === "reconnect") return this.#on({ type: "stuck" });
    }
    this.#on({ type: "tick" });
  }

  #restartDecoder(): void {
    this.#decoder.reset();
    this.#wantKeyFrame();
  }

  #ping(): void {
    this.#pingSeq = (this.#pingSeq + 1) >>> 0;
    this.#socket?.send(ping(this.#pingSeq, microsNow()));
  }
}

/** Pointer moves and smooth scrolling, which the next one makes up for. */
function mayBeLeftOut(bytes: ArrayBuffer): boolean {
  const [type, sub] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  return type === 0x12 || type === 0x13 || (type === 0x11 && sub === 3);
}
