/** Byte blocks of the protocol's page, which is normative for both sides. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PAGE = fileURLToPath(new URL("../../../docs/protocol-stream.md", import.meta.url));

export interface Blocks {
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  readonly json: ReadonlyMap<string, string>;
}

/** Blocks marked `stream NAME` and `stream-json NAME`. */
export function blocksOf(markdown: string): Blocks {
  const bytes = new Map<string, Uint8Array>();
  const json = new Map<string, string>();
  for (const [, kind, name, body] of markdown.matchAll(/^```(stream|stream-json) ([\w-]+)\n([\s\S]*?)^```/gm)) {
    if (name === undefined || body === undefined) continue;
    if (kind === "stream") bytes.set(name, parse(body));
    else json.set(name, body);
  }
  return { bytes, json };
}

/** `01 00*3 # remark` is one byte 01 and three bytes 00. */
export function parse(body: string): Uint8Array {
  const words = body.replace(/#.*$/gm, "").split(/\s+/).filter(Boolean);
  return Uint8Array.from(
    words.flatMap((word) => {
      const match = /^([0-9a-f]{2})(?:\*(\d+))?$/.exec(word);
      if (match?.[1] === undefined) throw new Error(`not bytes: ${word}`);
      return Array<number>(Number(match[2] ?? 1)).fill(Number.parseInt(match[1], 16));
    }),
  );
}

export function pageBlocks(): Blocks {
  if (!existsSync(PAGE)) throw new Error(`${PAGE} is missing`);
  return blocksOf(readFileSync(PAGE, "utf8"));
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
