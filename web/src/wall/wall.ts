/** The wall: what it knows, and what it does. */

import { Store } from "../ui/store";
import { Feed } from "./feed";
import type { Desktop } from "./messages";
import { after, initial, type Pictures, type WallState } from "./state";
import { linkIn, Refused, server, type Who } from "./server";

const pictures: Pictures = {
  make: (jpeg) => URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" })),
  drop: (url) => URL.revokeObjectURL(url),
};

export class Wall {
  readonly store = new Store<WallState>(initial);
  #feed: Feed | null = null;
  readonly #visible = new Set<string>();
  readonly #ids = new WeakMap<Element, string>();
  readonly #observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "100px" });

  /** Lets the browser in by the address's link, if it has one, and begins. */
  async begin(): Promise<void> {
    addEventListener("popstate", () => this.#restore());
    document.addEventListener("visibilitychange", () => this.#tell());
    const link = linkIn(location.hash);
    if (link !== null) {
      const rest = new URLSearchParams(location.hash.slice(1));
      rest.delete("login");
      history.replaceState(null, "", location.pathname + location.search + (rest.size > 0 ? `#${rest}` : ""));
    }
    try {
      // A link counts once; whoever opens it again may be let in already.
      const known = link === null ? await server.whoIs() : await server.logIn({ login: link }).catch(() => server.whoIs());
      this.#enter(known);
    } catch (error) {
      this.store.set({ who: "nobody", trouble: link === null ? null : message(error) });
    }
  }

  async logIn(login: object): Promise<void> {
    try {
      this.#enter(await server.logIn(login));
    } catch (error) {
      this.store.set({ trouble: message(error) });
    }
  }

  async logOut(): Promise<void> {
    await server.logOut().catch(() => undefined);
    location.reload();
  }

  #enter(who: Who): void {
    this.store.set({ who, trouble: null });
    const url = new URL("api/v1/wall", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    this.#feed ??= new Feed(
      url.href,
      (heard) => this.store.set(after(this.store.value, heard, pictures)),
      (connected) => this.#connected(connected),
    );
    this.#restore();
  }

  #connected(connected: boolean): void {
    this.store.set({ connected });
    if (connected) return;
    // It may be that nobody is logged in any more.
    server.whoIs().catch((error: unknown) => {
      if (error instanceof Refused && error.status === 401) this.store.set({ who: "nobody" });
    });
  }

  /** Tells whether an element is on the screen, until the function that is returned is called. */
  watchElement(id: string, element: Element): () => void {
    this.#ids.set(element, id);
    this.#observer.observe(element);
    return () => {
      this.#observer.unobserve(element);
      this.#visible.delete(id);
      this.#tell();
    };
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const id = this.#ids.get(entry.target);
      if (id === undefined) continue;
      if (entry.isIntersecting) this.#visible.add(id);
      else this.#visible.delete(id);
    }
    this.#tell();
  }

  /** What nobody sees is not asked for. */
  #tell(): void {
    const hidden = document.hidden || this.store.value.open !== null;
    this.#feed?.watch(hidden ? [] : [...this.#visible].sort());
  }

  open(desktop: Desktop): void {
    if (desktop.state !== "running" && desktop.state !== "frozen") return;
    history.pushState(null, "", `#desktop=${desktop.id}`);
    this.#restore();
  }

  close(): void {
    if (this.store.value.open !== null) history.pushState(null, "", location.pathname + location.search);
    this.#restore();
  }

  #restore(): void {
    const open = new URLSearchParams(location.hash.replace(/^#/, "")).get("desktop");
    this.store.set({ open });
    this.#tell();
  }

  act(what: "start" | "stop" | "remove", id: string): void {
    this.#do(server[what](id));
  }

  create(profile: string, size: string, name: string): void {
    this.#do(server.create(profile, size, name));
  }

  #do(asked: Promise<unknown>): void {
    this.store.set({ trouble: null });
    asked.catch((error: unknown) => this.store.set({ trouble: message(error) }));
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
