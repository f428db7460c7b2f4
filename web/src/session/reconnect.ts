/**
 * The one owner of reconnection: a plain state machine on the caller's clock.
 *
 * ```text
 *            start                opened                painted
 *   idle ──────────▶ connecting ─────────▶ open ◀─────────┐ (refunds the budget)
 *                      ▲   │ failed,        │ closed,      │
 *         due, online, │   │ 15 s           │ silent ──────┘
 *         retry        │   ▼                ▼
 *                      └── waiting ◀────────┘ ──── budget spent ──▶ stopped
 *                           │    ▲                                   ▲
 *                    hidden ▼    │ shown: at once                    │ 4000, 4001, 1008
 *                           paused                              any ─┘
 * ```
 */

export const CLOSE = { superseded: 4000, unauthorised: 4001, slow: 4002, stopping: 4003, violation: 1008 } as const;

export type StopReason = "superseded" | "unauthorised" | "rejected" | "gave-up" | "left";

export type LinkState =
  | { readonly phase: "idle" }
  | { readonly phase: "connecting"; readonly attempt: number }
  | { readonly phase: "open"; readonly attempt: number }
  | { readonly phase: "waiting"; readonly attempt: number; readonly retryAt: number }
  | { readonly phase: "paused"; readonly attempt: number }
  | { readonly phase: "stopped"; readonly reason: StopReason };

export type LinkEvent =
  | { readonly type: "start" }
  | { readonly type: "opened" }
  | { readonly type: "message" }
  | { readonly type: "painted" }
  | { readonly type: "closed"; readonly code: number }
  | { readonly type: "refused" }
  | { readonly type: "stuck" }
  | { readonly type: "hidden" }
  | { readonly type: "shown" }
  | { readonly type: "online" }
  | { readonly type: "retry" }
  | { readonly type: "leave" }
  | { readonly type: "tick" };

export type LinkAction =
  | { readonly do: "connect"; readonly userRetry: boolean }
  | { readonly do: "disconnect" };

export const LIMITS = {
  attempts: 10,
  /** Close together at first: a server that is started anew is back within seconds, and is found within one. */
  delays: [250, 500, 500, 1000, 1000, 2000],
  /** The last delay doubles up to this. */
  cap: 30_000,
  connect: 15_000,
  silence: 10_000,
  /** How long a connection that slept with its tab has to show that it is alive. */
  proof: 3000,
} as const;

export class Reconnect {
  #state: LinkState = { phase: "idle" };
  #spent = 0;
  #hidden = false;
  #connectBy = 0;
  #silentAt = 0;

  /** `random` returns 0 to 1; it spreads the retries of many viewers. */
  constructor(private readonly random: () => number) {}

  get state(): LinkState {
    return this.#state;
  }

  /** When `tick` is due next, or null. */
  get deadline(): number | null {
    switch (this.#state.phase) {
      case "connecting":
        return this.#connectBy;
      case "open":
        return this.#hidden ? null : this.#silentAt;
      case "waiting":
        return this.#state.retryAt;
      default:
        return null;
    }
  }

  /** Takes one event and says what to do. */
  handle(event: LinkEvent, now: number): LinkAction[] {
    switch (event.type) {
      case "start":
        return this.#fresh() ? this.#connect(now, false) : [];
      case "opened":
        return this.#opened(now);
      case "message":
        this.#silentAt = now + LIMITS.silence;
        return [];
      case "painted":
        if (this.#state.phase === "open") this.#spent = 0;
        return [];
      case "closed":
        return this.#closed(event.code, now);
      case "refused":
        return this.#refused();
      case "stuck":
        return this.#live() ? [{ do: "disconnect" }, ...this.#failed(now)] : [];
      case "hidden":
        return this.#hide();
      case "shown":
        return this.#show(now);
      case "online":
        return this.#online(now);
      case "retry":
        return this.#retry(now);
      case "leave":
        return this.#stop("left");
      case "tick":
        return this.#tick(now);
    }
  }

  #fresh(): boolean {
    return this.#state.phase === "idle" || (this.#state.phase === "stopped" && this.#state.reason === "left");
  }

  #live(): boolean {
    return this.#state.phase === "connecting" || this.#state.phase === "open";
  }

  #connect(now: number, userRetry: boolean): LinkAction[] {
    this.#state = { phase: "connecting", attempt: this.#spent };
    this.#connectBy = now + LIMITS.connect;
    return [{ do: "connect", userRetry }];
  }

  #opened(now: number): LinkAction[] {
    if (this.#state.phase !== "connecting") return [];
    this.#state = { phase: "open", attempt: this.#spent };
    this.#silentAt = now + LIMITS.silence;
    return [];
  }

  #closed(code: number, now: number): LinkAction[] {
    if (code === CLOSE.superseded) return this.#stop("superseded");
    if (code === CLOSE.unauthorised) return this.#stop("unauthorised");
    // What the server takes for a mistake of this page would be one again.
    if (code === CLOSE.violation) return this.#stop("rejected");
    return this.#live() ? this.#failed(now) : [];
  }

  /** Said of an attempt that failed; an open connection, and a link that is at rest, know better. */
  #refused(): LinkAction[] {
    const { phase } = this.#state;
    return phase === "connecting" || phase === "waiting" || phase === "paused" ? this.#stop("unauthorised") : [];
  }

  #failed(now: number): LinkAction[] {
    const attempt = this.#spent;
    if (attempt >= LIMITS.attempts) return this.#stop("gave-up");
    this.#spent += 1;
    this.#state = this.#hidden
      ? { phase: "paused", attempt: this.#spent }
      : { phase: "waiting", attempt: this.#spent, retryAt: now + this.#delay(attempt) };
    return [];
  }

  #delay(attempt: number): number {
    const last = LIMITS.delays.length - 1;
    const full = (LIMITS.delays[Math.min(attempt, last)] ?? LIMITS.cap) * 2 ** Math.max(0, attempt - last);
    return Math.round(Math.min(LIMITS.cap, full) * (0.5 + this.random() / 2));
  }

  #stop(reason: StopReason): LinkAction[] {
    const actions: LinkAction[] = this.#live() ? [{ do: "disconnect" }] : [];
    this.#state = { phase: "stopped", reason };
    return actions;
  }

  #hide(): LinkAction[] {
    this.#hidden = true;
    if (this.#state.phase === "waiting") this.#state = { phase: "paused", attempt: this.#state.attempt };
    return [];
  }

  #show(now: number): LinkAction[] {
    this.#hidden = false;
    if (this.#state.phase === "open") this.#silentAt = now + LIMITS.proof;
    return this.#state.phase === "paused" ? this.#connect(now, false) : [];
  }

  #online(now: number): LinkAction[] {
    if (this.#hidden) return [];
    const gaveUp = this.#state.phase === "stopped" && this.#state.reason === "gave-up";
    return this.#state.phase === "waiting" || gaveUp ? this.#connect(now, false) : [];
  }

  #retry(now: number): LinkAction[] {
    if (this.#live()) return [];
    this.#spent = 0;
    return this.#connect(now, true);
  }

  #tick(now: number): LinkAction[] {
    const due = this.deadline;
    if (due === null || now < due) return [];
    if (this.#state.phase === "waiting") return this.#connect(now, false);
    return [{ do: "disconnect" }, ...this.#failed(now)];
  }
}
