import { describe, expect, it } from "vitest";
import { LIMITS, type LinkEvent, Reconnect } from "../src/session/reconnect";
import { PATIENCE, Watchdog } from "../src/session/watchdog";

/** A link on virtual time. */
class Bench {
  now = 1000;
  readonly link: Reconnect;
  readonly done: string[] = [];

  constructor(random = 1) {
    this.link = new Reconnect(() => random);
    this.on({ type: "start" });
  }

  on(event: LinkEvent): this {
    for (const action of this.link.handle(event, this.now)) this.done.push(action.do === "connect" && action.userRetry ? "connect by hand" : action.do);
    return this;
  }

  /** Goes to the link's next deadline. */
  wait(): number {
    const due = this.link.deadline;
    if (due === null) throw new Error("nothing is planned");
    const waited = due - this.now;
    this.now = due;
    this.on({ type: "tick" });
    return waited;
  }

  open(): this {
    return this.on({ type: "opened" });
  }

  closed(code = 1006): this {
    return this.on({ type: "closed", code });
  }

  get phase(): string {
    const { state } = this.link;
    return state.phase === "stopped" ? state.reason : state.phase;
  }
}

describe("the link", () => {
  it("tries again soon and often, then ever later, and gives up after ten attempts", () => {
    const bench = new Bench();
    const waits: number[] = [];
    for (bench.closed(); bench.phase === "waiting"; bench.closed()) waits.push(bench.wait());
    expect(waits).toEqual([250, 500, 500, 1000, 1000, 2000, 4000, 8000, 16_000, 30_000]);
    expect(bench.phase).toBe("gave-up");
    expect(bench.link.deadline).toBeNull();
  });

  it.each([0, 0.5, 1])("finds a server that was away for up to 1.5 s within a second of its return, with luck %d", (random) => {
    const bench = new Bench(random);
    const start = bench.now;
    let before = start;
    for (bench.closed(); before - start < 1500; bench.closed()) {
      bench.wait();
      expect(bench.now - before).toBeLessThanOrEqual(1000);
      before = bench.now;
    }
  });

  it("spreads its attempts over the second half of each delay", () => {
    const bench = new Bench(0);
    bench.closed();
    expect(bench.wait()).toBe(125);
    bench.closed();
    expect(bench.wait()).toBe(250);
  });

  it("gets its budget back by a painted picture and by nothing less", () => {
    const bench = new Bench();
    for (let round = 0; round < 5; round += 1) {
      bench.closed();
      bench.wait();
      bench.open().on({ type: "message" });
    }
    expect(bench.closed().wait()).toBe(2000);
    bench.open().on({ type: "painted" });
    expect(bench.closed().wait()).toBe(250);
  });

  it("does not count a picture that was painted after the connection was lost", () => {
    const bench = new Bench().closed();
    bench.wait();
    bench.on({ type: "painted" });
    expect(bench.closed().wait()).toBe(500);
  });

  it.each([
    [4000, "superseded"],
    [4001, "unauthorised"],
    [1008, "rejected"],
  ])("never tries again by itself after %i", (code, phase) => {
    const bench = new Bench().open().closed(code);
    expect(bench.phase).toBe(phase);
    bench.on({ type: "hidden" }).on({ type: "shown" }).on({ type: "online" }).on({ type: "tick" }).on({ type: "start" });
    expect(bench.done.filter((action) => action.startsWith("connect"))).toHaveLength(1);
  });

  it.each([1000, 1001, 1006, 4002, 4003])("tries again after %i", (code) => {
    expect(new Bench().open().closed(code).phase).toBe("waiting");
  });

  it("starts anew when a person wants it, and says that a person did", () => {
    const bench = new Bench().open().closed(4000).on({ type: "retry" });
    expect(bench.done.at(-1)).toBe("connect by hand");
    expect(bench.closed().wait()).toBe(250);
  });

  it("does not start a second connection beside the first", () => {
    const bench = new Bench().on({ type: "retry" }).on({ type: "start" }).open().on({ type: "retry" }).on({ type: "online" });
    expect(bench.done).toEqual(["connect"]);
  });

  it("waits without a timer while the tab is hidden, and connects when it is shown", () => {
    const bench = new Bench().open().on({ type: "hidden" }).closed();
    expect(bench.phase).toBe("paused");
    expect(bench.link.deadline).toBeNull();
    bench.on({ type: "online" });
    expect(bench.phase).toBe("paused");
    bench.on({ type: "shown" });
    expect(bench.phase).toBe("connecting");
  });

  it("stops waiting when the tab is hidden meanwhile", () => {
    expect(new Bench().closed().on({ type: "hidden" }).phase).toBe("paused");
  });

  it("tries at once when the network comes back, also after it gave up", () => {
    const bench = new Bench();
    for (bench.closed(); bench.phase === "waiting"; bench.closed()) bench.wait();
    bench.on({ type: "online" });
    expect(bench.phase).toBe("connecting");
    expect(bench.closed().phase).toBe("gave-up");
  });

  it("gives a connection up that does not open within 15 s", () => {
    const bench = new Bench();
    expect(bench.wait()).toBe(LIMITS.connect);
    expect(bench.done).toEqual(["connect", "disconnect"]);
    expect(bench.phase).toBe("waiting");
  });

  it("gives a connection up that says nothing for 10 s", () => {
    const bench = new Bench().open();
    bench.now += 6000;
    bench.on({ type: "message" });
    expect(bench.wait()).toBe(LIMITS.silence);
    expect(bench.phase).toBe("waiting");
  });

  it("judges no silence while hidden, and wants a sign of life when shown", () => {
    const bench = new Bench().open().on({ type: "hidden" });
    bench.now += 3_600_000;
    expect(bench.link.deadline).toBeNull();
    bench.on({ type: "shown" });
    expect(bench.wait()).toBe(LIMITS.proof);
    expect(bench.phase).toBe("waiting");
  });

  it("reconnects when pictures arrive and are not painted", () => {
    const bench = new Bench().open().on({ type: "stuck" });
    expect(bench.done).toEqual(["connect", "disconnect"]);
    expect(bench.phase).toBe("waiting");
  });

  it("ends with the page and comes back with it", () => {
    const bench = new Bench().open().on({ type: "leave" });
    expect(bench.done.at(-1)).toBe("disconnect");
    expect(bench.phase).toBe("left");
    expect(bench.on({ type: "start" }).phase).toBe("connecting");
  });

  it("asks for a token when the server refused the one it has", () => {
    const bench = new Bench().closed().on({ type: "refused" });
    expect(bench.phase).toBe("unauthorised");
    expect(bench.link.deadline).toBeNull();
  });

  it("does not believe that its token was refused while it is open, nor wake up for that", () => {
    expect(new Bench().open().on({ type: "refused" }).phase).toBe("open");
    expect(new Bench().open().on({ type: "leave" }).on({ type: "refused" }).phase).toBe("left");
  });

  it("never has more than one connection, whatever happens", () => {
    let seed = 7;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff) / 0x7fff_ffff;
    const events: LinkEvent[] = [
      ...(["start", "opened", "message", "painted", "refused", "stuck", "hidden", "shown", "online", "retry", "leave", "tick"] as const).map((type) => ({ type })),
      ...[1006, 4000, 4001, 4003].map((code) => ({ type: "closed" as const, code })),
    ];
    const link = new Reconnect(random);
    let connections = 0;
    for (let now = 0, round = 0; round < 20_000; round += 1, now += random() * 4000) {
      const event = events[Math.floor(random() * events.length)];
      if (!event) continue;
      if (event.type === "closed" && connections === 1) connections = 0;
      for (const action of link.handle(event, now)) connections = action.do === "connect" ? connections + 1 : 0;
      if (connections > 1) throw new Error(`${connections} connections after ${JSON.stringify(event)}`);
    }
  });
});

describe("the watchdog", () => {
  it("resets the decoder after 3 s without a painted picture, then reconnects", () => {
    const dog = new Watchdog();
    dog.arrived(0);
    dog.arrived(2900);
    expect(dog.check(PATIENCE - 1)).toBe("fine");
    expect(dog.check(PATIENCE)).toBe("reset-decoder");
    expect(dog.check(PATIENCE + 1)).toBe("fine");
    expect(dog.check(2 * PATIENCE)).toBe("reconnect");
  });

  it("is content with every painted picture", () => {
    const dog = new Watchdog();
    dog.arrived(0);
    dog.painted();
    expect(dog.check(60_000)).toBe("fine");
    dog.arrived(60_000);
    expect(dog.check(62_000)).toBe("fine");
  });

  it("expects nothing of a still screen or a hidden tab", () => {
    const dog = new Watchdog();
    expect(dog.check(1e9)).toBe("fine");
    dog.arrived(0);
    dog.forget();
    expect(dog.check(1e9)).toBe("fine");
  });
});
