/** One WebSocket, from its opening to its one end. */

export interface SocketEvents {
  opened(): void;
  text(message: string): void;
  binary(message: Uint8Array): void;
  /** Called once, and not after `close`. */
  closed(code: number, everOpen: boolean): void;
}

/** Input beyond this is stale before it is sent; what may be left out is. */
const BACKLOG = 32 * 1024;
const PROTOCOL = "lunette";

export class Socket {
  readonly #socket: WebSocket;
  #ended = false;
  #everOpen = false;

  constructor(url: string, token: string | null, events: SocketEvents) {
    // Offering no protocol keeps servers working that select none.
    this.#socket = token === null ? new WebSocket(url) : new WebSocket(url, [PROTOCOL, `${PROTOCOL}.bearer.${token}`]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => {
      this.#everOpen = true;
      events.opened();
    };
    this.#socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.#ended) return;
      if (typeof data === "string") events.text(data);
      else events.binary(new Uint8Array(data));
    };
    this.#socket.onclose = ({ code }) => {
      if (this.#ended) return;
      this.#ended = true;
      events.closed(code, this.#everOpen);
    };
  }

  send(message: string | Uint8Array<ArrayBuffer> | ArrayBuffer): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(message);
    return true;
  }

  /** More is queued here than a fresh message should wait for. */
  get congested(): boolean {
    return this.#socket.bufferedAmount > BACKLOG;
  }

  close(): void {
    this.#ended = true;
    this.#socket.onopen = null;
    this.#socket.close(1000);
  }
}
