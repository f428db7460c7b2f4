import { describe, expect, it } from "vitest";
import { codecOf, covers } from "../src/protocol/h264";
import { RoundTrip, StreamClock } from "../src/session/clock";
import { FEEDBACK_GAP, FeedbackPace } from "../src/session/feedback";
import { BEAT, Heartbeat } from "../src/session/heartbeat";
import { Window } from "../src/session/percentile";
import { Stages } from "../src/session/stages";
import { stageRows } from "../src/ui/hud";

describe("the stream clock", () => {
  const OFFSET = 5_000_000;
  /** One exchange whose ways there and back take so many microseconds. */
  const exchange = (at: number, there: number, back: number) => ({ sentAt: at, receivedAt: at + there + back, remote: at + there + OFFSET });

  it("is unknown before the first answer", () => {
    expect(new StreamClock().offset).toBeNull();
  });

  it("is exact where both ways take the same time", () => {
    const clock = new StreamClock();
    clock.add(exchange(1000, 400, 400));
    expect(clock.offset).toBe(OFFSET);
  });

  it("trusts the fastest exchange, since the others waited in some queue", () => {
    const clock = new StreamClock();
    clock.add(exchange(0, 200, 90_000));
    clock.add(exchange(500_000, 300, 320));
    clock.add(exchange(1_000_000, 40_000, 500));
    expect(Math.abs((clock.offset ?? 0) - OFFSET)).toBeLessThanOrEqual(10);
  });

  it("forgets old exchanges, so that drifting clocks are followed", () => {
    const clock = new StreamClock();
    clock.add(exchange(0, 1, 1));
    for (let round = 1; round <= 20; round += 1) clock.add({ ...exchange(round, 500, 500), remote: round + 500 + OFFSET + 777 });
    expect(clock.offset).toBe(OFFSET + 777);
  });

  it("ignores answers from before the question", () => {
    const clock = new StreamClock();
    clock.add({ sentAt: 10, receivedAt: 5, remote: 0 });
    expect(clock.offset).toBeNull();
  });
});

describe("the round trip", () => {
  it("follows a change without jumping", () => {
    const trip = new RoundTrip();
    trip.add(10);
    trip.add(90);
    expect(trip.smoothed).toBe(20);
    expect(trip.latest).toBe(90);
  });
});

describe("percentiles", () => {
  it("are values that occurred, by nearest rank", () => {
    const window = new Window(100);
    for (let value = 100; value >= 1; value -= 1) window.add(value);
    expect(window.at([0, 50, 95, 100])).toEqual([1, 50, 95, 100]);
  });

  it("of one value are that value, and of none nothing", () => {
    const window = new Window(4);
    expect(window.at([50])).toBeNull();
    window.add(7);
    expect(window.at([50, 95])).toEqual([7, 7]);
  });

  it("count the newest values only", () => {
    const window = new Window(3);
    for (const value of [1000, 1000, 1, 2, 3]) window.add(value);
    expect(window.at([100])).toEqual([3]);
  });
});

describe("stages", () => {
  const OFFSET = 1_000_000;
  /** Captured at 2 000 000 on the stream's clock, so at 1 000 000 here. */
  const PTS = 2_000_000;
  const report = { type: "timing", pts: PTS, encoded: 2000, sent: 3000 } as const;

  function run(timingFirst: boolean): Stages {
    const stages = new Stages();
    stages.received(PTS, 1_008_000);
    if (timingFirst) stages.timing(report, OFFSET);
    stages.decoded(PTS, 1_010_000);
    stages.painted(PTS, 1_011_000, OFFSET);
    if (!timingFirst) stages.timing(report, OFFSET);
    return stages;
  }

  it.each([true, false])("add up, whether the server's report comes before the painting: %s", (timingFirst) => {
    const stages = run(timingFirst);
    expect(stages.spread("encode")?.p50).toBe(2);
    expect(stages.spread("send")?.p50).toBe(1);
    expect(stages.spread("receive")?.p50).toBe(5);
    expect(stages.spread("decode")?.p50).toBe(2);
    expect(stages.spread("paint")?.p50).toBe(1);
    expect(stages.spread("total")?.p50).toBe(11);
  });

  it("know nothing of the way without a clock", () => {
    const stages = new Stages();
    stages.received(PTS, 0);
    stages.decoded(PTS, 10);
    stages.painted(PTS, 20, null);
    expect(stages.spread("total")).toBeNull();
    expect(stages.spread("decode")?.p50).toBe(0.01);
  });

  it("tell encoding and sending in one when the server cannot tell them apart", () => {
    const stages = new Stages();
    stages.received(PTS, 1_008_000);
    stages.timing({ ...report, encoded: null }, OFFSET);
    expect(stages.spread("encode")).toBeNull();
    expect(stages.spread("send")?.p50).toBe(3);
  });

  it("keep no marks of pictures that were never painted", () => {
    const stages = new Stages();
    for (let pts = 1; pts <= 1000; pts += 1) stages.received(pts, pts);
    stages.painted(1, 5, OFFSET);
    expect(stages.spread("paint")).toBeNull();
  });
});

describe("the figures", () => {
  const spread = { p50: 1, p95: 2 };
  const stages = { encode: spread, send: spread, receive: null, decode: null, paint: null, total: null };

  it("have the encoder's time where the server tells it", () => {
    expect(stageRows(stages).slice(0, 2)).toEqual([["encode", "capture → encoded"], ["send", "→ sent"]]);
  });

  it("have one stage for encoding and sending where it does not", () => {
    expect(stageRows({ ...stages, encode: null })[0]).toEqual(["send", "capture → sent"]);
  });
});

describe("feedback", () => {
  it("goes out at once, then at most every 20 ms, and always tells the last", () => {
    const pace = new FeedbackPace();
    expect(pace.changed(100)).toBe(0);
    expect(pace.take(100)).toBe(true);
    expect(pace.changed(105)).toBe(FEEDBACK_GAP - 5);
    expect(pace.changed(110)).toBeNull();
    expect(pace.take(120)).toBe(true);
    expect(pace.take(121)).toBe(false);
  });
});

describe("the heartbeat", () => {
  it("is fast while something happens, and slow on a still desktop", () => {
    const heart = new Heartbeat();
    expect(heart.take(0)).toBe(true);
    expect(heart.due(0)).toBe(BEAT.idle);
    expect(heart.busy(100)).toBe(true);
    expect(heart.due(100)).toBe(BEAT.busy);
    expect(heart.busy(200)).toBe(false);
    expect(heart.due(200 + BEAT.idleAfter)).toBe(BEAT.idle);
  });

  it("beats once when it is due", () => {
    const heart = new Heartbeat();
    heart.take(0);
    expect(heart.take(BEAT.idle - 2)).toBe(false);
    expect(heart.take(BEAT.idle)).toBe(true);
    expect(heart.take(BEAT.idle)).toBe(false);
    heart.hurry();
    expect(heart.take(BEAT.idle)).toBe(true);
  });
});

describe("a decoder that was opened for one codec", () => {
  it("takes streams of that profile and of no higher level", () => {
    expect(covers("avc1.42C02A", "avc1.42C01F")).toBe(true);
    expect(covers("avc1.42C02A", "avc1.42C02A")).toBe(true);
    expect(covers("avc1.42C02A", "avc1.42C033")).toBe(false);
    expect(covers("avc1.42C02A", "avc1.64001F")).toBe(false);
  });
});

describe("the codec string", () => {
  it("is the first SPS's profile, constraints and level", () => {
    expect(codecOf(Uint8Array.of(0, 0, 0, 1, 0x67, 0x42, 0xd0, 0x28, 0x95))).toBe("avc1.42D028");
  });

  it("is found behind an access unit delimiter, by short start codes too", () => {
    expect(codecOf(Uint8Array.of(0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 0x64, 0, 0x1f, 1))).toBe("avc1.64001F");
  });

  it("is nothing without an SPS, or with a broken one", () => {
    expect(codecOf(Uint8Array.of(0, 0, 0, 1, 0x41, 1, 2, 3))).toBeNull();
    expect(codecOf(Uint8Array.of(0, 0, 0, 1, 0x67, 0x42))).toBeNull();
    expect(codecOf(new Uint8Array(0))).toBeNull();
  });
});
