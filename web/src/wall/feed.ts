/** The wall's connection, which comes back by itself. */

import { read, watch, type WallMessage } from "./messages";

/** Waits before another attempt. */
const WAITS = [250, 500, 1000, 2000, 5000] as const;
/** The server pings every 10 s, of which pages hear nothing; a wall that is shown gets a list at first at least. */
const OPENING = 10_000;

export class Feed {
  #socket: WebSocket | null = null;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watched: readonly string[] = [];

  constructor(
    private readonly url: string,
    private readonly heard: (message: WallMessage) => void,
    private readonly connected: (is: boolean) => void,
  ) {
    this.#open();
  }

  /** Asks for the pictures of these. */
  watch(ids: readonly string[]): void {
    if (ids.join() === this.#watched.join()) return;
    this.#watched = ids;
    this.#tell();
  }

  #tell(): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(watch(this.#watched));
  }

  #open(): void {
    const socket = new WebSocket(this.url, ["lunette"]);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    const late = setTimeout(() => socket.close(), OPENING);
    socket.onopen = () => this.#tell();
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      clearTimeout(late);
      const message = read(data);
      if (message === null) return;
      if (message.type === "desktops") {
        this.#attempt = 0;
        this.connected(true);
      }
      this.heard(message);
    };
    socket.onclose = () => {
      clearTimeout(late);
      this.connected(false);
      const wait = WAITS[Math.min(this.#attempt, WAITS.length - 1)] ?? 5000;
      this.#attempt += 1;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#open(), wait);
    };
  }
}
