/** The page's state: one value, replaced by pieces, and components that listen to parts of it. */

import { useEffect, useState } from "preact/hooks";

export class Store<T extends object> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  get value(): T {
    return this.#value;
  }

  set(change: Partial<T>): void {
    this.#value = { ...this.#value, ...change };
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A part of the store's value; the component is drawn again when the part is another one. */
export function useStore<T extends object, P>(store: Store<T>, part: (value: T) => P): P {
  const [seen, see] = useState(() => part(store.value));
  useEffect(() => {
    const look = (): void => see(() => part(store.value));
    look();
    return store.subscribe(look);
  }, [store]);
  return seen;
}
