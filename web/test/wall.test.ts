import { describe, expect, it } from "vitest";
import { desktop, read, watch, type Desktop } from "../src/wall/messages";
import { filtered, moved } from "../src/wall/order";
import { linkIn } from "../src/wall/server";
import { after, initial, silence, type Pictures } from "../src/wall/state";

function one(id: string, more: Partial<Record<string, unknown>> = {}): Desktop {
  const made = desktop({ id, name: id, profile: "light", host: "local", owner: "ann", tags: [], state: "running", ...more });
  if (made === null) throw new Error("no desktop");
  return made;
}

function picture(id: string, jpeg: readonly number[]): ArrayBuffer {
  const name = new TextEncoder().encode(id);
  return new Uint8Array([1, name.length, ...name, 0, 0, 0, 0, 0, 0, 1, 2, ...jpeg]).buffer;
}

describe("messages", () => {
  it("of pictures name the desktop and the frame", () => {
    expect(read(picture("d-1", [0xff, 0xd8]))).toEqual({ type: "picture", id: "d-1", frame: 258n, jpeg: new Uint8Array([0xff, 0xd8]) });
    expect(read(new Uint8Array([1, 200, 1]).buffer)).toBeNull();
    expect(read(new Uint8Array([2, 0]).buffer)).toBeNull();
  });

  it("that make no sense are none", () => {
    for (const text of ["", "[]", "{}", '{"type":"new"}', '{"type":"desktops"}']) expect(read(text)).toBeNull();
    expect(read('{"type":"desktops","desktops":[{"id":"a","state":"odd"},7]}')).toMatchObject({ desktops: [{ id: "a", state: "pending" }] });
    expect(watch(["a"])).toBe('{"type":"watch","ids":["a"]}');
  });
});

describe("the state", () => {
  const dropped: string[] = [];
  const pictures: Pictures = { make: (jpeg) => `blob:${jpeg.length}`, drop: (url) => void dropped.push(url) };

  it("keeps one picture of each desktop that runs", () => {
    const list = read('{"type":"desktops","desktops":[{"id":"a","state":"running"}]}');
    const [small, large, gone] = [read(picture("a", [1])), read(picture("a", [1, 2])), read('{"type":"desktops","desktops":[]}')];
    let state = initial;
    for (const message of [list, small, large]) if (message) state = after(state, message, pictures);
    expect(state.sights.get("a")).toEqual({ url: "blob:2", why: null });
    expect(dropped).toEqual(["blob:1"]);
    if (gone) state = after(state, gone, pictures);
    expect(state.sights.size).toBe(0);
    expect(dropped).toEqual(["blob:1", "blob:2"]);
  });

  it("says why there is no picture", () => {
    expect(silence(one("a", { state: "lost", why: "host local: no answer" }), undefined)).toBe("host local: no answer");
    expect(silence(one("a"), undefined)).toContain("on its way");
    expect(silence(one("a"), { url: "blob:1", why: null })).toBeNull();
    expect(silence(one("a"), { url: "blob:1", why: "frame-export is gone" })).toBe("frame-export is gone");
  });
});

describe("the grid", () => {
  it("shows what has every word", () => {
    const all = [one("a", { tags: ["red"] }), one("b", { owner: "bob" }), one("c", { state: "failed" })];
    const ids = (filter: string): string[] => filtered(all, filter).map(({ id }) => id);
    expect(ids(" ")).toEqual(["a", "b", "c"]);
    expect(ids("RED light")).toEqual(["a"]);
    expect(ids("bob")).toEqual(["b"]);
    expect(ids("failed ann")).toEqual(["c"]);
    expect(ids("none")).toEqual([]);
  });

  it("is walked by arrow keys and does not end in nothing", () => {
    expect(moved("ArrowRight", 0, 5, 3)).toBe(1);
    expect(moved("ArrowDown", 1, 5, 3)).toBe(4);
    expect(moved("ArrowDown", 3, 5, 3)).toBe(4);
    expect(moved("ArrowUp", 1, 5, 3)).toBe(0);
    expect(moved("End", 0, 5, 3)).toBe(4);
    expect(moved("a", 0, 5, 3)).toBeNull();
    expect(moved("Home", 0, 0, 3)).toBeNull();
  });
});

it("a link's word comes in the fragment", () => {
  expect(linkIn("#login=abc")).toBe("abc");
  expect(linkIn("#desktop=a")).toBeNull();
});
