/** What a person chose, kept for the next visit. */

import type { Fit } from "../render/layout";

export type Theme = "system" | "dark" | "light";
export type TouchMode = "touch" | "trackpad";

export interface Settings {
  readonly fit: Fit;
  readonly theme: Theme;
  readonly touch: TouchMode;
  readonly matchWindow: boolean;
  readonly swapCommand: boolean;
  readonly byCharacter: boolean;
  readonly userName: string;
  readonly hud: boolean;
  /** The most that the stream may take, in kbit/s. */
  readonly maxBitrate: number | null;
}

/** Ceilings to choose from, in kbit/s. */
export const BITRATES = [500, 1000, 2000, 4000, 8000, 16_000] as const;

const KEY = "lunette.settings";

export function defaults(mac: boolean): Settings {
  return {
    fit: "fit",
    theme: "system",
    touch: "touch",
    matchWindow: false,
    swapCommand: mac,
    byCharacter: false,
    userName: "",
    hud: false,
    maxBitrate: null,
  };
}

/** Kept settings over the defaults; whatever has the wrong type is left out. */
export function restore(json: string | null, fallback: Settings): Settings {
  const kept = parsed(json);
  const choice = <T extends string>(name: keyof Settings, options: readonly T[], other: T): T =>
    options.find((option) => option === kept[name]) ?? other;
  const flag = (name: keyof Settings, other: boolean): boolean => (typeof kept[name] === "boolean" ? kept[name] : other);
  return {
    fit: choice("fit", ["fit", "actual", "width"], fallback.fit),
    theme: choice("theme", ["system", "dark", "light"], fallback.theme),
    touch: choice("touch", ["touch", "trackpad"], fallback.touch),
    matchWindow: flag("matchWindow", fallback.matchWindow),
    swapCommand: flag("swapCommand", fallback.swapCommand),
    byCharacter: flag("byCharacter", fallback.byCharacter),
    userName: typeof kept.userName === "string" ? kept.userName.slice(0, 60) : fallback.userName,
    hud: flag("hud", fallback.hud),
    maxBitrate: BITRATES.find((rate) => rate === kept.maxBitrate) ?? fallback.maxBitrate,
  };
}

function parsed(json: string | null): { readonly [K in keyof Settings]?: unknown } {
  try {
    const value: unknown = JSON.parse(json ?? "null");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

export function load(mac: boolean): Settings {
  try {
    return restore(localStorage.getItem(KEY), defaults(mac));
  } catch {
    return defaults(mac);
  }
}

export function save(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing still shows the desktop.
  }
}
