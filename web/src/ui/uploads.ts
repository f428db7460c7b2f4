/** Uploads, one after the other, with what is shown of them. */

import type { Api } from "../session/api";
import type { State, Upload } from "./state";
import type { Store } from "./store";

/** The server's limit; refusing here saves half an hour of sending. */
const MAX_FILE = 500 * 1024 * 1024;
/** What is over stays to be read for this long. */
const LINGER = 4000;

export class Uploads {
  #lastId = 0;
  readonly #cancel = new Map<number, AbortController>();
  #queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly api: Api,
    private readonly store: Store<State>,
  ) {}

  add(files: readonly File[]): void {
    for (const file of files) {
      const id = (this.#lastId += 1);
      const tooLarge = file.size > MAX_FILE;
      this.#show([...this.store.value.uploads, { id, name: file.name, share: 0, failed: null }]);
      if (tooLarge) this.#end(id, "larger than 500 MB");
      else this.#queue = this.#queue.then(() => this.#one(id, file));
    }
  }

  cancel(id: number): void {
    this.#cancel.get(id)?.abort();
    this.#end(id, "cancelled");
  }

  async #one(id: number, file: File): Promise<void> {
    if (this.store.value.uploads.find((each) => each.id === id)?.share === null) return;
    const abort = new AbortController();
    this.#cancel.set(id, abort);
    try {
      await this.api.upload(file, (share) => this.#change(id, { share }), abort.signal);
      this.#end(id, null);
    } catch (error) {
      this.#end(id, error instanceof Error ? error.message : String(error));
    } finally {
      this.#cancel.delete(id);
    }
  }

  #end(id: number, failed: string | null): void {
    this.#change(id, { share: null, failed });
    setTimeout(() => this.#show(this.store.value.uploads.filter((each) => each.id !== id)), LINGER);
  }

  #change(id: number, change: Partial<Upload>): void {
    this.#show(this.store.value.uploads.map((each) => (each.id === id ? { ...each, ...change } : each)));
  }

  #show(uploads: readonly Upload[]): void {
    this.store.set({ uploads });
  }
}
