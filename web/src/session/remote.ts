/** The page's end of the worker: typed messages there and back, and the requests over HTTP beside it. */

import type { Bytes, ControlRequest } from "../protocol/client";
import type { Counters, FromWorker, Setup, ToWorker } from "./messages";

declare const WORKER_URL: string;

export class Remote {
  readonly #worker: Worker;
  readonly #answers = new Map<number, (message: FromWorker) => void>();
  #lastId = 0;

  constructor(listen: (message: FromWorker) => void, failed: (detail: string) => void) {
    this.#worker = new Worker(new URL(WORKER_URL, import.meta.url), { type: "module", name: "lunette" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type !== "stats" && data.type !== "pixels") return listen(data);
      this.#answers.get(data.id)?.(data);
      this.#answers.delete(data.id);
    };
    this.#worker.onerror = (event) => failed(event.message || "the worker could not be started");
  }

  setup(setup: Setup): void {
    this.#post({ type: "setup", setup });
  }

  /** Hands a canvas over; it stays on the page and is painted from the worker. */
  canvas(element: HTMLCanvasElement): void {
    const canvas = element.transferControlToOffscreen();
    this.#post({ type: "canvas", canvas }, [canvas]);
  }

  send(...messages: readonly Bytes[]): void {
    for (const { buffer } of messages) this.#post({ type: "send", bytes: buffer }, [buffer]);
  }

  control(request: ControlRequest): void {
    this.#post({ type: "control", request });
  }

  post(message: Exclude<ToWorker, { type: "setup" | "canvas" | "send" | "control" }>): void {
    this.#post(message);
  }

  async counters(): Promise<Counters> {
    const answer = await this.#ask((id) => ({ type: "ask-stats", id }));
    if (answer.type !== "stats") throw new Error("not an answer to the question");
    return answer.counters;
  }

  async pixels(x: number, y: number, width: number, height: number): Promise<Uint8ClampedArray | null> {
    const answer = await this.#ask((id) => ({ type: "read-pixels", id, x, y, width, height }));
    return answer.type === "pixels" && answer.pixels ? new Uint8ClampedArray(answer.pixels) : null;
  }

  #ask(question: (id: number) => ToWorker): Promise<FromWorker> {
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#post(question(id));
    });
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
