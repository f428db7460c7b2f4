// One connection to the mock desktop.

const HOPS = ["desktop", "compositor", "capture", "encoder", "network"];

export class MockViewer {
  #mock;
  #ws;
  #next = 0;
  #enabled = true;
  #timings = false;
  #timer = null;
  #lastPts = 0;

  constructor(mock, ws) {
    this.#mock = mock;
    this.#ws = ws;
    ws.on("message", (data, binary) => (binary ? this.#binary(data) : this.#init(JSON.parse(data.toString()))));
    ws.on("close", () => clearInterval(this.#timer));
  }

  send(bytes) {
    if (this.#ws.readyState === 1) this.#ws.send(bytes);
  }

  control(value) {
    this.send(Buffer.concat([Buffer.from([0x20]), Buffer.from(JSON.stringify(value))]));
  }

  error(text) {
    const bytes = Buffer.from(text);
    this.send(Buffer.concat([Buffer.from([0x31, bytes.length >> 8, bytes.length & 0xff]), bytes]));
  }

  close(code) {
    clearInterval(this.#timer);
    this.#ws.close(code);
  }

  #init(hello) {
    this.hello = hello;
    const { width, height, fps } = this.#mock.pictures;
    const init = Buffer.alloc(13);
    init.set([0x30, 1, width >> 8, width & 0xff, height >> 8, height & 0xff, fps], 0);
    init[12] = 1;
    this.send(init);
    const capabilities = { touch: true, feedback: true, resize: true, clipboard: true };
    this.#ws.send(JSON.stringify({ ConnectionComplete: { capabilities, width, height } }));
    this.send(Buffer.from([0x58, 1, 0, 0, 0]));
    this.control({ input: this.#mock.lease });
    this.#timer = setInterval(() => this.#frame(), 1000 / fps);
  }

  #frame() {
    if (!this.#enabled || !this.#mock.playing) return;
    const { units, width, height } = this.#mock.pictures;
    const unit = units[this.#next % units.length];
    this.#next += 1;
    const pts = Math.max(this.#lastPts + 1, clock());
    this.#lastPts = pts;
    const header = Buffer.alloc(15);
    header.set([0x01, 0x01, unit.key ? 1 : 0]);
    header.writeBigUInt64BE(BigInt(pts), 3);
    header.writeUInt16BE(width, 11);
    header.writeUInt16BE(height, 13);
    const frame = this.#mock.spoil(Buffer.concat([header, unit.data]));
    if (frame === null) return;
    this.send(frame);
    if (this.#timings) this.#timing(pts);
  }

  #timing(pts) {
    const timing = Buffer.alloc(17);
    timing[0] = 0x43;
    timing.writeBigUInt64BE(BigInt(pts), 1);
    timing.writeUInt32BE(900 + Math.round(Math.random() * 300), 9);
    timing.writeUInt32BE(1400 + Math.round(Math.random() * 300), 13);
    this.send(timing);
  }

  #binary(data) {
    if (this.#mock.received.length < 20_000) this.#mock.received.push(Buffer.from(data));
    if (data[0] === 0x40) this.#pong(data);
    if (data[0] === 0x20) this.#take(JSON.parse(data.subarray(1).toString()));
  }

  #pong(ping) {
    const pong = Buffer.alloc(37);
    pong[0] = 0x41;
    ping.copy(pong, 1, 1, 13);
    pong.writeBigUInt64BE(BigInt(Math.round(Date.now() * 1000)), 13);
    pong.writeBigUInt64BE(BigInt(clock()), 29);
    this.send(pong);
  }

  #take(request) {
    if ("set_video_enabled" in request) {
      this.#enabled = request.set_video_enabled;
      // An IDR at once: every GOP of the file starts with one.
      if (this.#enabled) this.#next = 0;
    }
    if ("timings" in request) this.#timings = request.timings;
    if (request.ask === "hops") this.control({ hops: this.#mock.hops ?? HOPS.map((hop) => ({ hop, state: "ok", frame: this.#next, age_ms: 10, why: null })) });
    if (request.input === "take") this.control({ input: { holder: { id: 1, name: "You", kind: "person" }, you: "holding", waiting: [] } });
    if (request.input === "release") this.control({ input: { holder: null, you: "free", waiting: [] } });
  }
}

/** The stream's clock, which is no other clock. */
function clock() {
  return Math.round(performance.now() * 1000) + 5_000_000;
}
