import { describe, expect, it } from "vitest";
import type { Hop } from "../src/protocol/control";
import { complaint, diagnose, duration, type Evidence } from "../src/session/diagnosis";
import { clientId } from "../src/session/identity";
import { TokenBox } from "../src/session/token";
import { defaults, restore } from "../src/ui/settings";

class MemoryStore {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

const TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP_-0".slice(0, 43);

describe("the token", () => {
  it("moves from the fragment to the tab, and the rest stays", () => {
    const box = new TokenBox(new MemoryStore(), "/d/7/");
    expect(box.takeFrom(`#token=${TOKEN}&view=1`)).toBe("#view=1");
    expect(box.value).toBe(TOKEN);
    expect(box.takeFrom(`#token=${TOKEN}`)).toBe("");
    expect(box.takeFrom("#view=1")).toBeNull();
  });

  it("is refused when it cannot be one", () => {
    const box = new TokenBox(new MemoryStore(), "/");
    for (const wrong of ["", "short", `${TOKEN} x`, `${TOKEN}<`]) expect(box.put(wrong)).toBe(false);
    expect(box.value).toBeNull();
    expect(box.put(` ${TOKEN}\n`)).toBe(true);
  });

  it("of one desktop is not another's", () => {
    const store = new MemoryStore();
    new TokenBox(store, "/d/7/").put(TOKEN);
    expect(new TokenBox(store, "/d/8/").value).toBeNull();
  });
});

describe("the tab's id", () => {
  /** Tabs of one browser; each claims for itself. */
  const browser = () => {
    const taken = new Set<string>();
    return (name: string) => Promise.resolve(!taken.has(name) && Boolean(taken.add(name)));
  };
  let count = 0;
  const fresh = () => `id${(count += 1)}`;

  it("survives a reload, which gives the claim back first", async () => {
    const store = new MemoryStore();
    const first = await clientId(store, browser(), fresh);
    expect(await clientId(store, browser(), fresh)).toBe(first);
  });

  it("of a duplicated tab is another, since its storage is a copy", async () => {
    const claim = browser();
    const store = new MemoryStore();
    const first = await clientId(store, claim, fresh);
    const copy = new MemoryStore();
    for (const [key, value] of store.kept) copy.setItem(key, value);
    const second = await clientId(copy, claim, fresh);
    expect(second).not.toBe(first);
    expect(copy.getItem("lunette.client")).toBe(second);
  });
});

describe("settings", () => {
  it("are kept", () => {
    const chosen = { ...defaults(false), fit: "actual", theme: "light", touch: "trackpad", maxBitrate: 2000, userName: "Zoë" } as const;
    expect(restore(JSON.stringify(chosen), defaults(false))).toEqual(chosen);
  });

  it("that make no sense are the defaults", () => {
    for (const json of [null, "", "[]", "null", '{"fit":"huge","theme":7,"hud":"yes","maxBitrate":123,"userName":null}']) {
      expect(restore(json, defaults(true))).toEqual(defaults(true));
    }
  });
});

const evidence = (more: Partial<Evidence>): Evidence => ({
  ...{ link: { phase: "open", attempt: 0 }, picture: false, openForMs: 3000, retryInMs: null, trouble: null, secure: true },
  ...{ streamError: null, hops: null, received: 0, decoded: 0, ...more },
});
const hop = (name: Hop["hop"], state: Hop["state"], more: Partial<Hop> = {}): Hop => ({ hop: name, state, frame: null, ageMs: null, why: null, ...more });

describe("why there is no picture", () => {
  it("is nothing while there is one", () => {
    expect(diagnose(evidence({ picture: true }))).toBeNull();
  });

  it("names the first silent hop, how long, and why", () => {
    const hops = [hop("desktop", "ok"), hop("capture", "silent", { ageMs: 61_000, why: "the bus does not answer" }), hop("encoder", "silent")];
    expect(diagnose(evidence({ hops }))).toMatchObject({ title: "Waiting for the first picture", text: "The capture has been silent for 61 s: the bus does not answer" });
  });

  it("prefers what is down to what is silent because of it", () => {
    const hops = [hop("compositor", "silent"), hop("encoder", "down", { why: "it crashed" })];
    expect(diagnose(evidence({ hops }))?.text).toBe("The encoder is not running: it crashed");
  });

  it("is this browser's decoder when video arrives and none is decoded", () => {
    expect(diagnose(evidence({ received: 40 }))?.text).toContain("this browser has decoded none");
  });

  it("lists every hop and this browser", () => {
    const lines = diagnose(evidence({ hops: [hop("capture", "ok", { frame: 12, ageMs: 40 })], received: 3, decoded: 1 }))?.hops;
    expect(lines?.map(({ name, said }) => `${name}: ${said}`)).toEqual(["Capture: working, frame 12, 40 ms ago", "This browser: 3 frames arrived, 1 decoded"]);
  });

  it("does not trouble anybody with reasons in the first moments", () => {
    expect(diagnose(evidence({ openForMs: 300, hops: [hop("capture", "silent")] }))).toMatchObject({ text: "", hops: [] });
  });

  it("is the server's own word where it has one, details apart", () => {
    const link = { phase: "waiting", attempt: 2, retryAt: 0 } as const;
    const streamError = "The desktop is restarting.\n\nunit 3: exit 1";
    expect(diagnose(evidence({ link, retryInMs: 4200, streamError, openForMs: null }))).toMatchObject({
      title: "Reconnecting",
      text: "The desktop is restarting. Next attempt in 4 s.",
      detail: "unit 3: exit 1",
      remedy: "retry",
    });
  });

  it.each([
    ["superseded", "use-here"],
    ["unauthorised", "token"],
    ["rejected", "retry"],
    ["gave-up", "retry"],
  ] as const)("after %s offers %s", (reason, remedy) => {
    expect(diagnose(evidence({ link: { phase: "stopped", reason } }))?.remedy).toBe(remedy);
  });

  it("after a refusal is what the server said of it, and a reload where it said nothing", () => {
    const link = { phase: "stopped", reason: "rejected" } as const;
    const said = diagnose(evidence({ link, streamError: "This desktop has no such video.\n\nvideo_mode shm" }));
    expect(said).toMatchObject({ text: "This desktop has no such video.", detail: "video_mode shm" });
    expect(diagnose(evidence({ link }))?.text).toContain("Reload it");
  });

  it("without WebCodecs is the browser's age, or plain HTTP", () => {
    const trouble = { trouble: "no-webcodecs", detail: "" } as const;
    expect(diagnose(evidence({ trouble }))?.title).toBe("This browser is too old");
    expect(diagnose(evidence({ trouble, secure: false }))?.text).toContain("HTTPS");
  });
});

describe("a picture that stands still", () => {
  it("is complained about only when something failed", () => {
    expect(complaint(null)).toBeNull();
    expect(complaint([hop("compositor", "still"), hop("capture", "ok")])).toBeNull();
    expect(complaint([hop("desktop", "down")])).toBe("The picture stands still: The desktop is not running.");
  });
});

describe("durations", () => {
  it.each([
    [40, "40 ms"],
    [1400, "1 s"],
    [61_000, "61 s"],
    [150_000, "3 min"],
    [7_300_000, "2 h"],
  ])("%i is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
