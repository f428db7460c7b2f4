/** An id for this tab: the same after a reload, another one in a duplicate, which copies the session's storage. */

const KEY = "lunette.client";

interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Takes a name exclusively; resolves to false when another tab has it. */
export type Claim = (name: string) => Promise<boolean>;

/** The tab's id. One that another tab has claimed is left to it. */
export async function clientId(store: Store, claim: Claim, fresh: () => string = randomId): Promise<string> {
  const known = store.getItem(KEY);
  if (known !== null && (await claim(known))) return known;
  const id = fresh();
  store.setItem(KEY, id);
  await claim(id);
  return id;
}

export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Claims with a Web Lock, which the browser gives back when the tab goes. Without Web Locks nothing is detected. */
export function lockClaim(name: string): Promise<boolean> {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = locks.request(`lunette.client.${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<void>((release) => addEventListener("pagehide", () => release(), { once: true }));
    });
    held.catch(() => resolve(true));
  });
}
