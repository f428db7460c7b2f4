// The browser's side of the stream protocol, in a few lines, for tests that need a peer without a page.
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { until } from './wait.mjs';

export class Client {
  /** Opens `/ws/stream` and says hello. `lunette` false behaves as clients did that know no extension. */
  static async open(url, { id = randomUUID(), lunette = true, token, headers, init = {}, feedback = lunette } = {}) {
    const client = new Client();
    const protocols = token ? ['lunette', `lunette.bearer.${token}`] : [];
    client.socket = new WebSocket(url.replace(/^http/, 'ws') + 'ws/stream', protocols, { perMessageDeflate: false, headers });
    client.socket.on('message', (data, binary) => client.#take(data, binary, feedback));
    client.closed = new Promise((resolve) => client.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
    await new Promise((resolve, reject) => client.socket.once('open', resolve).once('error', reject));
    const hello = { type: 'init', session_id: 'test', width: 0, height: 0, fps: 0, bitrate: 0, client_unique_id: id, user_name: 'test' };
    client.socket.send(JSON.stringify({ ...hello, ...(lunette ? { lunette: 1 } : {}), ...init }));
    return client;
  }

  id = null;
  frames = [];
  texts = [];
  controls = [];
  messages = [];
  errors = [];
  videoBytes = 0;

  #take(data, binary, feedback) {
    const at = performance.now();
    if (!binary) return this.texts.push(JSON.parse(data.toString()));
    this.messages.push(data[0]);
    if (data[0] === 0x01) {
      this.videoBytes += data.length;
      const pts = data.readBigUInt64BE(3);
      this.frames.push({ at, pts, key: (data[2] & 1) === 1, replay: (data[2] & 2) === 2, width: data.readUInt16BE(11), height: data.readUInt16BE(13), bytes: data.length });
      if (feedback) this.#feedback(pts);
    }
    if (data[0] === 0x20) this.controls.push(JSON.parse(data.subarray(1).toString()));
    if (data[0] === 0x31) this.errors.push(data.subarray(3, 3 + data.readUInt16BE(1)).toString());
    if (data[0] === 0x58) this.id = data.readUInt32LE(1);
  }

  #feedback(pts) {
    const message = Buffer.alloc(26);
    message[0] = 0x42;
    message.writeBigUInt64BE(pts, 1);
    message.writeBigUInt64BE(pts, 9);
    message.writeBigUInt64BE(BigInt(this.videoBytes), 17);
    this.send(message);
  }

  send(bytes) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  control(object) {
    this.send(Buffer.concat([Buffer.of(0x20), Buffer.from(JSON.stringify(object))]));
  }

  /** Waits for the first frame; it must be decodable by itself. */
  async picture(limit = 5000) {
    await until(() => this.frames.length > 0, { limit, what: 'a video frame' });
    return this.frames[0];
  }

  /** Reads nothing any more, as a viewer whose network is gone. */
  stall() {
    this.socket._socket.pause();
  }

  async leave() {
    this.socket.close(1000);
    return this.closed;
  }
}

/** What a WebSocket handshake with these headers is answered with. */
export function handshake(url, headers, protocols = []) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws') + 'ws/stream', protocols, { headers });
    socket.on('open', () => (resolve(101), socket.terminate()));
    socket.on('unexpected-response', (request, response) => (resolve(response.statusCode), request.destroy()));
    socket.on('error', () => {});
  });
}

/** How the server ends a stream that says nothing: the types of its messages, and its close code. */
export function ending(url, protocols = []) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws') + 'ws/stream', protocols);
    const types = [];
    socket.on('message', (data) => types.push(data[0]));
    socket.on('close', (code) => resolve({ types, code }));
    socket.on('error', reject);
  });
}
