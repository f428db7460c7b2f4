import { describe, expect, it } from "vitest";
import { Malformed } from "../src/protocol/bytes";
import * as client from "../src/protocol/client";
import { parseControl } from "../src/protocol/control";
import { decodeServer, type ServerMessage } from "../src/protocol/server";
import { rebuilt } from "./support/client-mirror";
import { hex, pageBlocks, parse } from "./support/page";

const page = pageBlocks();
const blocks = (prefix: string) => [...page.bytes].filter(([name]) => name.startsWith(prefix));
const named = (name: string): Uint8Array => {
  const bytes = page.bytes.get(name);
  if (!bytes) throw new Error(`the page has no block ${name}`);
  return bytes;
};

describe("the protocol's page", () => {
  it.each(blocks("server-"))("%s is understood", (_, bytes) => {
    expect(decodeServer(bytes)).not.toBeNull();
  });

  it.each(blocks("server-"))("%s cut short never throws anything but Malformed", (_, bytes) => {
    for (let size = 1; size < bytes.length; size += 1) {
      try {
        decodeServer(bytes.subarray(0, size));
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    }
  });

  it.each(blocks("client-").filter(([name]) => name !== "client-touch-cancel"))("%s is what the viewer builds", (_, bytes) => {
    expect(hex(rebuilt(bytes))).toBe(hex(bytes));
  });

  it.each([...page.json].filter(([name]) => name.startsWith("server-control")))("%s says something", (_, json) => {
    expect(Object.keys(parseControl(json))).not.toHaveLength(0);
  });

  it.each([...page.json].filter(([name]) => name.startsWith("client-control")))("%s is a request that can be made", (_, json) => {
    const request = JSON.parse(json) as client.ControlRequest;
    expect(JSON.parse(Buffer.from(client.control(request).subarray(1)).toString())).toEqual(request);
  });

  it("has the bytes of every server message", () => {
    const types = new Set(blocks("server-").map(([, bytes]) => bytes[0]));
    for (const type of [0x01, 0x20, 0x30, 0x31, 0x41, 0x43, 0x50, 0x51, 0x53, 0x54, 0x55, 0x56, 0x58]) expect(types).toContain(type);
  });
});

describe("server messages", () => {
  it.each<[string, Partial<ServerMessage>]>([
    ["server-video-key", { type: "video", key: true, replay: false, pts: 16_666, width: 1920, height: 1080 }],
    ["server-video-delta", { type: "video", key: false, pts: 33_332 }],
    ["server-video-replay", { type: "video", key: true, replay: true }],
    ["server-stream-init", { type: "init", codec: 1, width: 1920, height: 1080, fps: 60, touch: true }],
    ["server-stream-error", { type: "error", message: "oops!" }],
    ["server-pong", { type: "pong", seq: 5, encoderLatencyMs: 3, latenessMs: { p50: 1, p99: 4, max: 9 }, streamClock: null }],
    ["server-pong-lunette", { type: "pong", streamClock: 33_332 }],
    ["server-pong-lunette-unknown", { type: "pong", streamClock: null }],
    ["server-timing", { type: "timing", pts: 16_666, encoded: 1500, sent: 2000 }],
    ["server-timing-unknown", { type: "timing", encoded: null, sent: 2000 }],
    ["server-cursor-image-hidden", { type: "cursor-image", x: -1, y: -2, bitmap: null }],
    ["server-cursor-name", { type: "cursor-name", name: "default" }],
    ["server-remote-cursor", { type: "remote-cursor", user: 3, x: 1920, y: 1080, colour: "#F24822" }],
    ["server-remote-user-joined", { type: "user-joined", user: 3, name: "Zoë", colour: "#F24822", avatar: "/z.pn" }],
    ["server-remote-user-left", { type: "user-left", user: 3 }],
    ["server-agent-cursor", { type: "agent-cursor", agent: 1, x: 640, y: 360, action: "clicking", visible: true }],
    ["server-remote-touch", { type: "remote-touch", user: 3, touch: 1, event: "move", x: 10, y: 20, pressure: 1 }],
    ["server-self-id", { type: "self-id", user: 3 }],
  ])("%s has its values", (name, values) => {
    expect(decodeServer(named(name))).toMatchObject(values);
  });

  it("take short pongs of earlier servers, but not shorter ones", () => {
    const pong = named("server-pong");
    expect(decodeServer(pong.subarray(0, 21))).toMatchObject({ encoderLatencyMs: null, latenessMs: null });
    expect(decodeServer(pong.subarray(0, 23))).toMatchObject({ encoderLatencyMs: 3, latenessMs: null });
    expect(() => decodeServer(pong.subarray(0, 20))).toThrow(Malformed);
  });

  it("of unknown types are nothing", () => {
    for (const type of [0x02, 0x03, 0x14, 0x52, 0x57, 0x60, 0xff]) expect(decodeServer(Uint8Array.of(type, 0, 0))).toBeNull();
  });

  it("share the memory of a frame's data", () => {
    const frame = decodeServer(named("server-video-key"));
    expect(frame?.type === "video" && hex(frame.data)).toBe("0000000167");
    expect(frame?.type === "video" && frame.data.buffer).toBe(named("server-video-key").buffer);
  });

  it("with a video frame without data are malformed", () => {
    expect(() => decodeServer(named("server-video-key").subarray(0, 15))).toThrow(Malformed);
  });

  it("survive random bytes", () => {
    let seed = 1;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff) >>> 8;
    for (let round = 0; round < 5000; round += 1) {
      const bytes = Uint8Array.from({ length: 1 + (random() % 60) }, () => random() & 0xff);
      bytes[0] = [0x01, 0x20, 0x30, 0x31, 0x41, 0x43, 0x50, 0x51, 0x53, 0x54, 0x55, 0x56, 0x58][random() % 13] ?? 0;
      try {
        decodeServer(bytes);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
      }
    }
  });
});

describe("cursor bitmaps", () => {
  const image = (change: (view: DataView) => void): Uint8Array => {
    const bytes = named("server-cursor-image").slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };

  it("have their pixels, order and hot spot", () => {
    const cursor = decodeServer(named("server-cursor-image"));
    expect(cursor).toMatchObject({ hotX: 1, hotY: 0, bitmap: { width: 2, height: 1, stride: 8, order: "rgba" } });
    expect(cursor?.type === "cursor-image" && cursor.bitmap && hex(cursor.bitmap.pixels)).toBe("ff0000ff0000ff80");
  });

  it("in ARGB8888 are blue first in memory", () => {
    const bytes = image((view) => view.setUint32(25, 0x3432_5241, true));
    expect(decodeServer(bytes)).toMatchObject({ bitmap: { order: "bgra" } });
  });

  it.each<[string, (view: DataView) => void]>([
    ["an unknown format", (view) => view.setUint32(25, 1, true)],
    ["no width", (view) => view.setUint32(29, 0, true)],
    ["a monstrous height", (view) => view.setUint32(33, 0x7fff_ffff, true)],
    ["a short stride", (view) => view.setInt32(37, 4, true)],
    ["a negative stride", (view) => view.setInt32(37, -8, true)],
    ["a size beyond the message", (view) => view.setUint32(21, 4000, true)],
  ])("with %s are malformed", (_, change) => {
    expect(() => decodeServer(image(change))).toThrow(Malformed);
  });
});

describe("colours", () => {
  it("of any other form than #RRGGBB are the fallback, since they go into styles", () => {
    const bytes = parse("53 03 00 00 00 80 07 00 00 38 04 00 00 07 72 65 64 3b 78 3a 79");
    expect(decodeServer(bytes)).toMatchObject({ colour: "#0D99FF" });
  });
});

describe("client messages", () => {
  it("split long text at whole characters", () => {
    const text = "😀".repeat(2000);
    const messages = client.text(text);
    expect(messages.length).toBeGreaterThan(1);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(client.MAX_TEXT + 3);
    expect(messages.map((message) => Buffer.from(message.subarray(3)).toString()).join("")).toBe(text);
  });

  it("clamp what does not fit their fields", () => {
    expect(hex(client.moveBy(100_000, -100_000))).toBe("13007fff8000");
    expect(hex(client.notches(500, -500))).toBe("11047f80");
    expect(hex(client.feedback(0, 0, 0, 5000)).slice(-2)).toBe("ff");
  });

  it("carry times beyond 32 bits", () => {
    expect(hex(client.ping(1, 1_796_000_000_000_000)).slice(10)).toBe((1_796_000_000_000_000n).toString(16).padStart(16, "0"));
  });

  it("cancel a finger at any place", () => {
    expect(hex(client.touch("cancel", 2, 0, 0))).toBe(hex(named("client-touch-cancel")));
  });

  it("start with an init that says lunette and asks for the real size", () => {
    const init: unknown = JSON.parse(client.init({ clientId: "a", userName: "Zoë", userRetry: true, decoders: ["avc1.42E01F"] }));
    expect(init).toMatchObject({ type: "init", lunette: 1, width: 0, height: 0, client_unique_id: "a", user_name: "Zoë", user_retry: true });
  });
});

describe("control news", () => {
  it("keep what is well formed and leave out the rest", () => {
    const news = parseControl('{"input":{"you":"king"},"video":{"state":"slow","bits_per_second":"many"},"hops":[{"hop":"moon"},{"hop":"capture"}]}');
    expect(news).toEqual({
      video: { state: "slow", bitsPerSecond: null },
      hops: [{ hop: "capture", state: "unknown", frame: null, ageMs: null, why: null }],
    });
  });

  it("of broken JSON are nothing", () => {
    for (const json of ["", "{", "[]", "null", "7", '"text"']) expect(parseControl(json)).toEqual({});
  });

  it("of the first text are the server's capabilities, absent ones being false", () => {
    expect(parseControl('{"ConnectionComplete":{"capabilities":{"touch":true},"width":1,"height":1}}').connected).toEqual({
      touch: true,
      feedback: false,
      resize: false,
      clipboard: false,
    });
    expect(parseControl(page.json.get("text-error") ?? "")).toEqual({ error: "no such session" });
  });

  it("name the holder and those who wait", () => {
    expect(parseControl(page.json.get("server-control-input") ?? "").lease).toEqual({
      holder: { id: 3, name: "Zoë", kind: "person" },
      you: "watching",
      waiting: [{ id: 5, name: "builder" }],
    });
  });
});
