/** What the browser runs on, and what it can that not all can. */

export type Platform = "mac" | "windows" | "other";

export function platform(): Platform {
  const name = navigator.platform.toLowerCase();
  if (name.startsWith("mac") || name.startsWith("ip")) return "mac";
  return name.startsWith("win") ? "windows" : "other";
}

interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

/** Chromium gives a full-screen page the keys that it otherwise keeps. */
function keyboardLock(): KeyboardLock | null {
  const keyboard: unknown = "keyboard" in navigator ? navigator.keyboard : null;
  if (typeof keyboard !== "object" || keyboard === null || !("lock" in keyboard) || !("unlock" in keyboard)) return null;
  return keyboard as KeyboardLock;
}

export async function toggleFullscreen(): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  await document.documentElement.requestFullscreen({ navigationUI: "hide" });
  await keyboardLock()?.lock();
}

export function leftFullscreen(): void {
  keyboardLock()?.unlock();
}

/** Locks the pointer into an element, without the system's acceleration where the browser can. */
export async function lockPointer(element: HTMLElement): Promise<void> {
  try {
    await element.requestPointerLock({ unadjustedMovement: true });
  } catch {
    await element.requestPointerLock();
  }
}
