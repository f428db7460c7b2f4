/** Which desktops are shown, and where the arrow keys lead. */

import type { Desktop } from "./messages";

/** Those that have every word somewhere. */
export function filtered(desktops: readonly Desktop[], filter: string): readonly Desktop[] {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return desktops;
  return desktops.filter((one) => {
    const all = [one.id, one.name, one.profile, one.host, one.owner, one.state, ...one.tags].join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** The place that a key leads to from `at`, of `count` in rows of `columns`; null when the key leads nowhere. */
export function moved(key: string, at: number, count: number, columns: number): number | null {
  if (count === 0) return null;
  const last = count - 1;
  const to: { readonly [key: string]: number } = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    Home: 0,
    End: last,
  };
  const next = to[key];
  if (next === undefined) return null;
  return Math.min(Math.max(next, 0), last);
}
