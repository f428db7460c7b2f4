/** The token comes in the address's fragment, which no server sees, and moves to the tab's storage. */

const TOKEN = /^[A-Za-z0-9_-]{16,128}$/;

interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export class TokenBox {
  readonly #key: string;

  /** `base` keeps the tokens of several desktops of one origin apart. */
  constructor(
    private readonly store: Store,
    base: string,
  ) {
    this.#key = `lunette.token ${base}`;
  }

  get value(): string | null {
    return this.store.getItem(this.#key);
  }

  /** Keeps a token, and tells whether it looks like one. */
  put(token: string): boolean {
    const trimmed = token.trim();
    if (!TOKEN.test(trimmed)) return false;
    this.store.setItem(this.#key, trimmed);
    return true;
  }

  /** Takes `token=` out of a fragment; returns what is left of it, or null when it had none. */
  takeFrom(hash: string): string | null {
    const rest = new URLSearchParams(hash.replace(/^#/, ""));
    const token = rest.get("token");
    if (token === null) return null;
    this.put(token);
    rest.delete("token");
    const left = rest.toString();
    return left === "" ? "" : `#${left}`;
  }
}
