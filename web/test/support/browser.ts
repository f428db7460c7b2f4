/** What the worker needs of a browser, as stand-ins that a test drives by hand. */

import { vi } from "vitest";

export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  binaryType = "";
  readonly sent: (string | Uint8Array)[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocols: readonly string[] = [],
  ) {
    FakeSocket.all.push(this);
  }

  static get newest(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  send(message: string | Uint8Array): void {
    this.sent.push(message);
  }

  close(): void {
    this.readyState = 3;
  }

  opens(): this {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
    this.says(JSON.stringify({ ConnectionComplete: { capabilities: { feedback: true }, width: 64, height: 48 } }));
    return this;
  }

  says(message: string | Uint8Array): void {
    this.onmessage?.({ data: typeof message === "string" ? message : message.slice().buffer });
  }

  fails(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** Messages of one type. */
  binary(type: number): Uint8Array[] {
    return this.sent.filter((message) => typeof message !== "string" && message[0] === type) as Uint8Array[];
  }

  get controls(): object[] {
    return this.binary(0x20).map((bytes) => JSON.parse(new TextDecoder().decode(bytes.subarray(1))) as object);
  }
}

interface Chunk {
  readonly type: string;
  readonly timestamp: number;
}

export class FakeDecoder {
  static all: FakeDecoder[] = [];
  state = "unconfigured";
  readonly fed: Chunk[] = [];

  constructor(private readonly events: { output(frame: object): void; error(error: Error): void }) {
    FakeDecoder.all.push(this);
  }

  static get newest(): FakeDecoder {
    const decoder = FakeDecoder.all.at(-1);
    if (!decoder) throw new Error("no decoder was made");
    return decoder;
  }

  configure(): void {
    this.state = "configured";
  }

  decode(chunk: Chunk): void {
    this.fed.push(chunk);
  }

  close(): void {
    this.state = "closed";
  }

  /** The picture of this time comes out. */
  output(timestamp: number): void {
    this.events.output({ timestamp, displayWidth: 64, displayHeight: 48, close: () => undefined });
  }

  fails(): void {
    this.events.error(new Error("decoding failed"));
  }
}

/** Answers of requests over HTTP, given when the test likes. */
export class FakeFetch {
  readonly asked: { readonly init: RequestInit; answer(status: number): Promise<void> }[] = [];

  readonly fetch = (_: string, init: RequestInit): Promise<{ status: number }> =>
    new Promise((resolve) => {
      const answer = async (status: number): Promise<void> => {
        resolve({ status });
        await vi.advanceTimersByTimeAsync(0);
      };
      this.asked.push({ init, answer });
    });
}

/** Puts the stand-ins into place, with virtual time. */
export function fakeBrowser(): FakeFetch {
  const http = new FakeFetch();
  FakeSocket.all = [];
  FakeDecoder.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("VideoDecoder", FakeDecoder);
  vi.stubGlobal("EncodedVideoChunk", class {
    readonly type: string;
    readonly timestamp: number;
    constructor({ type, timestamp }: Chunk) {
      this.type = type;
      this.timestamp = timestamp;
    }
  });
  vi.stubGlobal("fetch", http.fetch);
  return http;
}

export function realBrowser(): void {
  vi.useRealTimers();
  vi.unstubAllGlobals();
}
