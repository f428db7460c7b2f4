/** The page's end of the worker: typed messages there and back, and the requests over HTTP beside it. */

import type { Bytes, ControlRequest } from "../protocol/client";
import type { Early } from "../early";
import type { Counters, FromWorker, ToWorker } from "./messages";

export class Remote {
  readonly #answers = new Map<number, (message: FromWorker) => void>();
  #lastId = 0;

  constructor(private readonly early: Pick<Early, "worker" | "heard" | "failures">) {}

  /** Hears the worker from now on, beginning with what it has said so far. */
  listen(hear: (message: FromWorker) => void, failed: (detail: string) => void): void {
    const { worker, heard, failures } = this.early;
    if (!worker) return;
    const take = (message: FromWorker): void => {
      if (message.type !== "stats" && message.type !== "pixels") return hear(message);
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
    };
    const fail = (message: string): void => failed(message || "the worker could not be started");
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => take(data);
    worker.onerror = ({ message }) => fail(message);
    heard.splice(0).forEach(take);
    failures.splice(0).forEach(fail);
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

  post(message: Exclude<ToWorker, { type: "setup" | "identity" | "canvas" | "send" | "control" }>): void {
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
    this.early.worker?.postMessage(message, transfer);
  }
}
