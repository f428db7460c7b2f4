import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api, ClipboardContent } from "../src/session/api";
import { ClipboardSync } from "../src/input/clipboard";

/** A desktop's clipboard, and a browser with or without the focus. */
class Bench {
  desktop: ClipboardContent = { type: "text", data: "" };
  focused = true;
  readonly written: string[] = [];
  readonly pushed: string[] = [];
  readonly sync: ClipboardSync;

  constructor() {
    const api = {
      clipboard: () => Promise.resolve(this.desktop),
      setClipboard: (content: ClipboardContent) => {
        this.desktop = content;
        this.pushed.push(content.data);
        return Promise.resolve();
      },
    };
    const hooks = { offer: () => undefined, failed: () => undefined, upload: () => undefined };
    this.sync = new ClipboardSync(api as unknown as Api, hooks);
    vi.stubGlobal("document", { hasFocus: () => this.focused });
    vi.stubGlobal("navigator", { clipboard: { writeText: (text: string) => Promise.resolve(void this.written.push(text)) } });
  }

  paste(text: string): Promise<void> {
    return this.sync.paste({ files: [], getData: (type: string) => (type === "text/plain" ? text : "") } as unknown as DataTransfer);
  }
}

let bench: Bench;
beforeEach(() => void (bench = new Bench()));
afterEach(() => void vi.unstubAllGlobals());

describe("the clipboards", () => {
  it("are not told again what both have", async () => {
    await bench.paste("A");
    await bench.sync.changed(1);
    await bench.paste("A");
    expect(bench.pushed).toEqual(["A"]);
    expect(bench.written).toEqual([]);
  });

  it("differ after a copy in a desktop that nobody looked at", async () => {
    await bench.paste("A");
    bench.focused = false;
    bench.desktop = { type: "text", data: "B" };
    await bench.sync.changed(2);
    bench.focused = true;
    await bench.paste("A");
    expect(bench.pushed).toEqual(["A", "A"]);
    expect(bench.desktop.data).toBe("A");
  });

  it("are the same after a copy in the desktop", async () => {
    bench.desktop = { type: "text", data: "B" };
    await bench.sync.changed(1);
    await bench.paste("B");
    expect(bench.written).toEqual(["B"]);
    expect(bench.pushed).toEqual([]);
  });
});
