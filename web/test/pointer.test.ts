import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GESTURE, type Gesture, Gestures } from "../src/input/gestures";
import { Pace, rateFactor } from "../src/input/pace";
import { Wheel, type WheelLike } from "../src/input/wheel";
import { matching, place, toStream } from "../src/render/layout";
import { toRgba } from "../src/render/cursor";
import { hex } from "./support/page";

const HD = { width: 1920, height: 1080 };

describe("the layout", () => {
  it("fits the whole picture and centres it", () => {
    expect(place(HD, { width: 1600, height: 1000 }, "fit", 1)).toMatchObject({ left: 0, top: 50, width: 1600, height: 900, crisp: false });
  });

  it("shows pixel for pixel on a dense screen too", () => {
    expect(place(HD, { width: 1600, height: 1000 }, "actual", 2)).toMatchObject({ width: 960, height: 540, crisp: true });
  });

  it("is crisp where one pixel is a whole number of the screen's", () => {
    expect(place({ width: 800, height: 450 }, { width: 1600, height: 900 }, "fit", 1).crisp).toBe(true);
    expect(place({ width: 800, height: 450 }, { width: 1200, height: 900 }, "fit", 1).crisp).toBe(false);
    expect(place(HD, { width: 960, height: 540 }, "fit", 1).crisp).toBe(false);
  });

  it("prefers the screen's own pixels to a border of a few", () => {
    expect(place(HD, { width: 1930, height: 1090 }, "fit", 1)).toMatchObject({ width: 1920, left: 5, crisp: true });
  });

  it("never makes a fitted picture larger than the view", () => {
    const { width, height } = place(HD, { width: 1910, height: 1075 }, "fit", 1);
    expect(width).toBeLessThanOrEqual(1910);
    expect(height).toBeLessThanOrEqual(1075);
  });

  it("fills the width, whatever the height", () => {
    expect(place(HD, { width: 960, height: 200 }, "width", 1)).toMatchObject({ left: 0, top: 0, width: 960, height: 540 });
  });

  it("starts on a pixel of the screen", () => {
    const { left } = place({ width: 1001, height: 100 }, { width: 1200, height: 900 }, "actual", 1.5);
    expect(Number.isInteger(Math.round(left * 1.5 * 1e6) / 1e6)).toBe(true);
  });
});

describe("pointing", () => {
  const canvas = { left: 100, top: 50, width: 960, height: 540 };

  it("finds the pixel under the pointer", () => {
    expect(toStream({ x: 100, y: 50 }, canvas, HD)).toEqual({ x: 0, y: 0 });
    expect(toStream({ x: 580, y: 320 }, canvas, HD)).toEqual({ x: 960, y: 540 });
    expect(toStream({ x: 1059.9, y: 589.9 }, canvas, HD)).toEqual({ x: 1919, y: 1079 });
  });

  it("beside the picture is at its edge", () => {
    expect(toStream({ x: -500, y: 5000 }, canvas, HD)).toEqual({ x: 0, y: 1079 });
  });

  it("reaches every pixel of a picture shown pixel by pixel", () => {
    const one = { left: 0, top: 0, width: 1920, height: 1080 };
    for (let x = 0; x < 1920; x += 1) expect(toStream({ x: x + 0.5, y: 0 }, one, HD).x).toBe(x);
  });

  it("in a picture without a size is at its start", () => {
    expect(toStream({ x: 5, y: 5 }, { left: 0, top: 0, width: 0, height: 0 }, HD)).toEqual({ x: 0, y: 0 });
  });
});

describe("the size to ask for", () => {
  it("is the view in the screen's pixels, even and within what desktops have", () => {
    expect(matching({ width: 1281, height: 721 }, 1)).toEqual({ width: 1280, height: 720 });
    expect(matching({ width: 1000, height: 700 }, 1.5)).toEqual({ width: 1500, height: 1050 });
    expect(matching({ width: 100, height: 99_999 }, 1)).toEqual({ width: 320, height: 8192 });
  });
});

describe("the pace of moves", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1000, toFake: ["setTimeout", "clearTimeout", "Date"] }));
  afterEach(() => void vi.useRealTimers());
  const bench = () => {
    const sent: number[] = [];
    return { sent, pace: new Pace<number>((value) => void sent.push(value), (_, newer) => newer, () => Date.now()) };
  };

  it("sends the first at once, the newest after a frame, and loses no last one", () => {
    const { sent, pace } = bench();
    for (const value of [1, 2, 3]) pace.offer(value);
    expect(sent).toEqual([1]);
    vi.advanceTimersByTime(14);
    expect(sent).toEqual([1, 3]);
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([1, 3]);
  });

  it("is flushed before what depends on it", () => {
    const { sent, pace } = bench();
    pace.offer(1);
    pace.offer(2);
    pace.flush();
    expect(sent).toEqual([1, 2]);
    vi.advanceTimersByTime(100);
    expect(sent).toEqual([1, 2]);
  });

  it("is slower on a far link", () => {
    expect([null, 20, 70, 120, 200, 400].map(rateFactor)).toEqual([1, 1, 0.75, 0.5, 0.33, 0.25]);
    const { sent, pace } = bench();
    pace.factor = 0.25;
    pace.offer(1);
    pace.offer(2);
    vi.advanceTimersByTime(55);
    expect(sent).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(sent).toEqual([1, 2]);
  });
});

describe("wheels", () => {
  const event = (more: Partial<WheelLike>): WheelLike => ({ deltaX: 0, deltaY: 0, deltaMode: 0, timeStamp: 1000, ...more });
  const sent = (wheel: Wheel, more: Partial<WheelLike>) => {
    const message = wheel.message(event(more));
    return message && hex(message);
  };

  it("turn by whole notches, down being positive", () => {
    expect(sent(new Wheel(), { deltaY: 100, wheelDeltaX: 0, wheelDeltaY: -120 })).toBe("11040001");
    expect(sent(new Wheel(), { deltaY: -240, wheelDeltaX: 0, wheelDeltaY: 240 })).toBe("110400fe");
    expect(sent(new Wheel(), { deltaX: 120, wheelDeltaX: -120, wheelDeltaY: 0 })).toBe("11040100");
  });

  it("that count lines turn a notch for three", () => {
    expect(sent(new Wheel(), { deltaY: 3, deltaMode: 1 })).toBe("11040001");
  });

  it("of touchpads scroll by pixels", () => {
    expect(sent(new Wheel(), { deltaY: 4.5, deltaX: 1, wheelDeltaX: -3, wheelDeltaY: -13 })).toBe("11030000803f00009040");
  });

  it("stay the device that began the gesture", () => {
    const wheel = new Wheel();
    expect(wheel.device(event({ deltaY: 7, wheelDeltaX: 0, wheelDeltaY: -21 }))).toBe("touchpad");
    expect(wheel.device(event({ deltaY: 40, wheelDeltaX: 0, wheelDeltaY: -120, timeStamp: 1016 }))).toBe("touchpad");
    expect(wheel.device(event({ deltaY: 120, wheelDeltaX: 0, wheelDeltaY: -120, timeStamp: 3000 }))).toBe("wheel");
  });

  it("that do not turn send nothing", () => {
    expect(new Wheel().message(event({ wheelDeltaX: 0, wheelDeltaY: 0 }))).toBeNull();
  });
});

describe("fingers on a trackpad", () => {
  /** Plays `down 1 x y`, `move 1 x y`, `up 1` and `wait ms`, and tells the gestures. */
  function play(...script: string[]): string[] {
    const gestures = new Gestures();
    let now = 0;
    const done: Gesture[] = [];
    for (const line of script) {
      const [verb, id = "0", x = "0", y = "0"] = line.split(" ");
      const finger = { id: Number(id), x: Number(x), y: Number(y) };
      if (verb === "wait") {
        now += Number(id);
        done.push(...gestures.tick(now));
      } else if (verb === "down") done.push(...gestures.down(finger, now));
      else if (verb === "move") done.push(...gestures.move(finger, now));
      else if (verb === "up") done.push(...gestures.up(finger.id, now));
      else done.push(...gestures.cancel());
    }
    return done.map((gesture) =>
      gesture.type === "click" ? `click ${gesture.button}` : gesture.type === "button" ? `${gesture.down ? "press" : "release"} ${gesture.button}` : `${gesture.type} ${gesture.dx} ${gesture.dy}`,
    );
  }

  it("tap to click", () => {
    expect(play("down 1 10 10", "wait 80", "up 1")).toEqual(["click 1"]);
  });

  it("that tremble still click", () => {
    expect(play("down 1 10 10", "move 1 13 12", "wait 80", "up 1")).toEqual(["click 1"]);
  });

  it("move the pointer, and do not click then", () => {
    expect(play("down 1 0 0", "move 1 20 0", "move 1 25 5", "up 1")).toEqual(["move 20 0", "move 5 5"]);
  });

  it("that rest press the button, and drag", () => {
    expect(play("down 1 0 0", `wait ${GESTURE.longPress}`, "move 1 30 0", "up 1")).toEqual(["press 1", "move 30 0", "release 1"]);
  });

  it("tap in pairs for the right button, in threes for the middle one", () => {
    expect(play("down 1 0 0", "down 2 50 0", "wait 90", "up 1", "up 2")).toEqual(["click 3"]);
    expect(play("down 1 0 0", "down 2 50 0", "down 3 99 0", "wait 90", "up 1", "up 3", "up 2")).toEqual(["click 2"]);
  });

  it("scroll in pairs, the content following the hand", () => {
    expect(play("down 1 0 0", "down 2 50 0", "move 1 0 -20", "move 2 50 -20", "up 1", "up 2")).toEqual(["scroll 0 10", "scroll 0 10"]);
  });

  it("that stay too long for a tap do nothing in pairs", () => {
    expect(play("down 1 0 0", "down 2 50 0", "wait 900", "up 1", "up 2")).toEqual([]);
  });

  it("let the button go when the system takes them away", () => {
    expect(play("down 1 0 0", "wait 600", "cancel")).toEqual(["press 1", "release 1"]);
    expect(play("down 1 0 0", "wait 600", "down 2 9 9")).toEqual(["press 1", "release 1"]);
  });

  it("never leave a button down, whatever they do", () => {
    let seed = 3;
    const random = (below: number) => ((seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff) >>> 8) % below;
    const gestures = new Gestures();
    const held = new Set<number>();
    const on = new Set<number>();
    for (let round = 0, now = 0; round < 10_000; round += 1, now += random(200)) {
      const id = random(4);
      const finger = { id, x: random(400), y: random(400) };
      const verb = random(4);
      const done = verb === 0 && !on.has(id) ? gestures.down(finger, now) : verb === 1 ? gestures.move(finger, now) : verb === 2 ? gestures.up(id, now) : gestures.tick(now);
      if (verb === 0) on.add(id);
      if (verb === 2) on.delete(id);
      for (const gesture of done) {
        if (gesture.type !== "button") continue;
        if (held.has(gesture.button) === gesture.down) throw new Error(`button ${gesture.button} twice`);
        if (gesture.down) held.add(gesture.button);
        else held.delete(gesture.button);
      }
      if (on.size === 0 && held.size > 0) throw new Error("a button is down without a finger");
    }
  });
});

describe("cursor pixels", () => {
  const pixels = Uint8Array.of(1, 2, 3, 4, 9, 9, 9, 9, 5, 6, 7, 8, 9, 9, 9, 9);

  it("lose the padding of their rows", () => {
    expect([...toRgba({ width: 1, height: 2, stride: 8, order: "rgba", pixels })]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("change places where blue comes first", () => {
    expect([...toRgba({ width: 1, height: 2, stride: 8, order: "bgra", pixels })]).toEqual([3, 2, 1, 4, 7, 6, 5, 8]);
  });
});
