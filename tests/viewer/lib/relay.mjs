// A TCP relay between a page and a server, which can be slow, hold everything back, or cut.
import { connect, createServer } from 'node:net';

export class Relay {
  static async to(port) {
    const relay = new Relay();
    relay.server = createServer((near) => relay.#join(near, port));
    await new Promise((resolve) => relay.server.listen(0, '127.0.0.1', resolve));
    relay.port = relay.server.address().port;
    relay.timer = setInterval(() => relay.#pump(), 5);
    return relay;
  }

  /** Bytes per second towards the page; Infinity passes everything at once. */
  rate = Infinity;
  /** Nothing goes towards the page while this is true; it piles up. */
  held = false;
  accepted = 0;
  pairs = new Set();

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  #join(near, port) {
    this.accepted++;
    const far = connect(port, '127.0.0.1');
    const pair = { near, far, waiting: [], bytes: 0, credit: 0 };
    this.pairs.add(pair);
    near.setNoDelay(true);
    far.setNoDelay(true);
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      pair.waiting.push(data);
      pair.bytes += data.length;
      this.#drain(pair, this.rate === Infinity ? Infinity : 0);
      // A short queue, as on a router; what is beyond waits in the sender.
      if (!this.held && this.rate !== Infinity && pair.bytes > this.rate / 20) far.pause();
    });
    const end = () => {
      this.pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('close', end).on('error', end);
  }

  #pump() {
    for (const pair of this.pairs) {
      if (this.rate === Infinity) {
        this.#drain(pair, Infinity);
      } else {
        pair.credit = Math.min(pair.credit + this.rate * 0.005, this.rate * 0.02);
        pair.credit -= this.#drain(pair, pair.credit);
      }
      if (this.rate === Infinity || pair.bytes < this.rate / 20) pair.far.resume();
    }
  }

  #drain(pair, most) {
    let sent = 0;
    while (!this.held && pair.waiting.length && sent < most) {
      const chunk = pair.waiting.shift();
      const part = chunk.subarray(0, Math.max(1, Math.floor(Math.min(chunk.length, most - sent))));
      if (part.length < chunk.length) pair.waiting.unshift(chunk.subarray(part.length));
      pair.near.write(part);
      sent += part.length;
    }
    pair.bytes -= sent;
    return sent;
  }

  /** Ends every connection as a reset would. */
  cut() {
    for (const pair of this.pairs) pair.near.resetAndDestroy();
  }

  async stop() {
    clearInterval(this.timer);
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
