import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FromWorker } from "../src/session/messages";
import { Viewer } from "../src/worker/viewer";
import { FakeDecoder, FakeFetch, FakeSocket, fakeBrowser, realBrowser } from "./support/browser";

const SETUP = { url: "ws://x/", statusUrl: "http://x/status", token: "old", navigationAt: 0, hidden: false };
const SPS = [0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0];
const SLICE = [0, 0, 0, 1, 0x65, 0x88];

/** A viewer and what it told the page. */
class Bench {
  readonly told: FromWorker[] = [];
  readonly viewer = new Viewer(SETUP, (message) => this.told.push(message));

  get socket(): FakeSocket {
    return FakeSocket.newest;
  }

  /** How the link is, by the last word of it. */
  get link(): string {
    const state = this.told.flatMap((message) => (message.type === "link" ? [message.state] : [])).at(-1);
    return state?.phase === "stopped" ? state.reason : (state?.phase ?? "");
  }

  frame(pts: number, key = false): void {
    const header = new Uint8Array(15);
    header.set([1, 1, Number(key)]);
    const view = new DataView(header.buffer);
    view.setBigUint64(3, BigInt(pts));
    view.setUint16(11, 64);
    view.setUint16(13, 48);
    this.socket.says(Uint8Array.of(...header, ...(key ? SPS : []), ...SLICE));
  }

  /** Queues of the decoder that the server was told of. */
  get queues(): (number | undefined)[] {
    return this.socket.binary(0x42).map((message) => message[25]);
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }
}

let http = new FakeFetch();
let bench: Bench;

beforeEach(() => {
  http = fakeBrowser();
  bench = new Bench();
  bench.viewer.identity({ clientId: "a", userName: "" });
});
afterEach(realBrowser);

const playing = (): void => {
  bench.socket.opens();
  bench.frame(1, true);
  FakeDecoder.newest.output(1);
};

describe("the connection", () => {
  it("is begun before the page knows who it is, and says nothing until then", async () => {
    const viewer = new Viewer(SETUP, () => undefined);
    const socket = FakeSocket.newest.opens();
    await bench.pass(500);
    expect(socket.sent).toEqual([]);
    viewer.identity({ clientId: "b", userName: "Anna" });
    expect(JSON.parse(String(socket.sent[0]))).toMatchObject({ client_unique_id: "b", user_name: "Anna" });
  });
});

describe("a picture", () => {
  it("that waited when the connection ended is none of the next one", async () => {
    vi.stubGlobal("requestAnimationFrame", () => 0);
    const canvas = { width: 0, height: 0, getContext: () => ({ drawImage: () => undefined }), addEventListener: () => undefined };
    bench.viewer.canvas(canvas as unknown as OffscreenCanvas);
    playing();
    bench.frame(2);
    FakeDecoder.newest.output(2);
    bench.socket.fails(1008);
    await bench.pass(1000);
    const shown = bench.told.flatMap((message) => (message.type === "picture" ? [message.shown] : []));
    expect(shown).toEqual([true, false]);
  });
});

describe("the decoder", () => {
  const made = (): number => FakeDecoder.all.length;

  it("is opened before the stream is, and takes it where it can", () => {
    const early = FakeDecoder.newest;
    playing();
    expect([early.fed.length, made()]).toEqual([1, 1]);
  });

  it("that was opened early and failed is a guess that nobody hears of", () => {
    FakeDecoder.newest.fails();
    expect(bench.told.filter((message) => message.type === "trouble")).toEqual([]);
    playing();
    expect([FakeDecoder.newest.fed.length, made()]).toEqual([1, 2]);
  });
});

describe("a key frame", () => {
  const wanted = { set_video_enabled: true };

  it("is asked for when the decoder fails", () => {
    playing();
    FakeDecoder.newest.fails();
    expect(bench.socket.controls).toContainEqual(wanted);
  });

  it("is not asked for while the tab is hidden, and once when it is shown", async () => {
    playing();
    bench.viewer.visibility(true);
    await bench.pass(1500);
    FakeDecoder.newest.fails();
    expect(bench.socket.controls).not.toContainEqual(wanted);
    bench.viewer.visibility(false);
    expect(bench.socket.controls.filter((control) => JSON.stringify(control) === JSON.stringify(wanted))).toHaveLength(1);
  });
});

describe("why a connection was refused", () => {
  it("is the token when the server says so", async () => {
    bench.socket.fails();
    expect(new Headers(http.asked[0]?.init.headers).get("authorization")).toBe("Bearer old");
    await http.asked[0]?.answer(401);
    expect(bench.link).toBe("unauthorised");
  });

  it("is no news for a connection that was opened meanwhile", async () => {
    bench.socket.fails();
    await bench.pass(250);
    bench.socket.opens();
    await http.asked[0]?.answer(401);
    expect(bench.link).toBe("open");
  });

  it("says nothing about the token that a person entered meanwhile", async () => {
    bench.socket.fails();
    bench.viewer.retry("new");
    expect(bench.socket.protocols).toContain("lunette.bearer.new");
    await http.asked[0]?.answer(401);
    expect(bench.link).toBe("connecting");
  });

  it("is not waited for without a limit", () => {
    bench.socket.fails();
    expect(http.asked[0]?.init.signal).toBeInstanceOf(AbortSignal);
  });
});

describe("feedback", () => {
  it("counts every picture that is in the decoder", async () => {
    playing();
    for (const pts of [2, 3, 4, 5, 6]) bench.frame(pts);
    await bench.pass(20);
    expect(bench.queues.at(-1)).toBe(5);
  });

  it("tells of every picture that comes out, also of one that is not painted", async () => {
    playing();
    for (const pts of [2, 3, 4]) bench.frame(pts);
    await bench.pass(20);
    for (const pts of [2, 3, 4]) {
      FakeDecoder.newest.output(pts);
      await bench.pass(20);
    }
    expect(bench.queues.slice(-4)).toEqual([3, 2, 1, 0]);
  });

  it("does not wait for pictures that the decoder has swallowed", async () => {
    playing();
    for (const pts of [2, 3, 4]) bench.frame(pts);
    FakeDecoder.newest.output(4);
    await bench.pass(20);
    expect(bench.queues.at(-1)).toBe(0);
  });

  it("tells that a decoder which failed holds nothing", async () => {
    playing();
    for (const pts of [2, 3, 4]) bench.frame(pts);
    FakeDecoder.newest.fails();
    await bench.pass(20);
    expect(bench.queues.at(-1)).toBe(0);
  });

  it("is not repeated", async () => {
    playing();
    await bench.pass(1000);
    const { length } = bench.queues;
    bench.viewer.visibility(true);
    await bench.pass(3000);
    expect(bench.queues).toHaveLength(length);
  });
});
