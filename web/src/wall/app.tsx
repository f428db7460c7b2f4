/** The page of the wall. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Card } from "./card";
import { LogIn } from "./login";
import { filtered, moved } from "./order";
import { server, type Who } from "./server";
import type { Wall } from "./wall";
import { useStore } from "../ui/store";

export function App({ wall }: { readonly wall: Wall }) {
  const who = useStore(wall.store, (state) => state.who);
  if (who === null) return null;
  return who === "nobody" ? <LogIn wall={wall} /> : <Desktops wall={wall} who={who} />;
}

function Desktops({ wall, who }: { readonly wall: Wall; readonly who: Who }) {
  const { desktops, filter, connected, trouble, open, sights } = useStore(wall.store, (state) => state);
  const operates = who.scopes.includes("operate");
  const shown = filtered(desktops, filter);
  const whole = desktops.find((one) => one.id === open);
  return (
    <>
      <header class="bar">
        <h1>Desktops</h1>
        <Filter wall={wall} filter={filter} />
        <span class="soft count">{filter === "" ? desktops.length : `${shown.length} of ${desktops.length}`}</span>
        {!connected && <span class="warn" role="status">Connecting…</span>}
        <span class="space" />
        {operates && <Create wall={wall} />}
        <button type="button" onClick={() => void wall.logOut()}>Log out {who.name}</button>
      </header>
      {trouble !== null && <p class="trouble" role="alert">{trouble}</p>}
      <main class="grid" onKeyDown={navigate}>
        {shown.map((desktop) => (
          <Card key={desktop.id} wall={wall} desktop={desktop} operates={operates} />
        ))}
        {connected && shown.length === 0 && (
          <p class="soft empty">{desktops.length === 0 ? "There is no desktop yet." : "No desktop is like that."}</p>
        )}
      </main>
      {open !== null && (
        <section class="whole" aria-label={whole?.name ?? open}>
          <div class="bar">
            <button type="button" onClick={() => wall.close()}>← All desktops</button>
            <strong>{whole?.name ?? open}</strong>
            <span class="soft">{whole && whole.state !== "running" ? whole.state : ""}</span>
          </div>
          <Frame id={open} poster={sights.get(open)?.url ?? null} />
        </section>
      )}
    </>
  );
}

/** The viewer, in a frame of its own: the wall behind it stays connected. Until it paints, the small picture stands in. */
function Frame({ id, poster }: { readonly id: string; readonly poster: string | null }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [painted, setPainted] = useState(false);
  useEffect(() => {
    frame.current?.focus();
    const look = setInterval(() => {
      const inside = frame.current?.contentWindow?.performance;
      if (!inside || inside.getEntriesByName("lunette:first-paint").length === 0) return;
      clearInterval(look);
      setPainted(true);
    }, 50);
    return () => clearInterval(look);
  }, [id]);
  return (
    <div class="frame">
      <iframe
        ref={frame}
        src={`d/${encodeURIComponent(id)}/`}
        title={id}
        allow="clipboard-read; clipboard-write; fullscreen"
        onLoad={(event) => event.currentTarget.contentWindow?.focus()}
      />
      {!painted && poster !== null && <img src={poster} alt="" />}
    </div>
  );
}

function Filter({ wall, filter }: { readonly wall: Wall; readonly filter: string }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <input
      ref={field}
      type="search"
      placeholder="Filter ( / )"
      aria-label="Filter"
      value={filter}
      onInput={(event) => wall.store.set({ filter: event.currentTarget.value })}
    />
  );
}

/** Arrow keys go from desktop to desktop, as they lie on the screen. */
function navigate(event: KeyboardEvent): void {
  const grid = event.currentTarget;
  if (!(grid instanceof HTMLElement)) return;
  const cards = [...grid.querySelectorAll<HTMLButtonElement>(".screen")];
  const at = cards.findIndex((card) => card === document.activeElement);
  if (at < 0) return;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const next = moved(event.key, at, cards.length, columns);
  if (next === null) return;
  event.preventDefault();
  cards[next]?.focus();
}

function Create({ wall }: { readonly wall: Wall }) {
  const [profiles, setProfiles] = useState<readonly string[] | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const show = (): void => {
    dialog.current?.showModal();
    void server.profiles().then(setProfiles, () => setProfiles([]));
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const fields = new FormData(event.currentTarget);
    const field = (name: string): string => String(fields.get(name) ?? "").trim();
    wall.create(field("profile"), field("size"), field("name"));
    dialog.current?.close();
  };
  return (
    <>
      <button type="button" class="primary" onClick={show}>New desktop</button>
      <dialog ref={dialog}>
        <form onSubmit={submit}>
          <h2>New desktop</h2>
          <label>
            Name
            <input name="name" placeholder="one is made up" maxLength={64} />
          </label>
          <label>
            Made of
            <select name="profile" required>
              {(profiles ?? []).map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
          </label>
          <label>
            Size
            <input name="size" required pattern="[0-9]+x[0-9]+" value="1280x720" />
          </label>
          {profiles?.length === 0 && <p class="warn">No host says what desktops can be made of.</p>}
          <p class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>Cancel</button>
            <button type="submit" class="primary" disabled={!profiles?.length}>Create</button>
          </p>
        </form>
      </dialog>
    </>
  );
}
