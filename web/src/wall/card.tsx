/** One desktop of the wall. */

import { useEffect, useRef } from "preact/hooks";
import type { Wall } from "./wall";
import type { Desktop } from "./messages";
import { silence } from "./state";
import { useStore } from "../ui/store";

interface Props {
  readonly wall: Wall;
  readonly desktop: Desktop;
  readonly operates: boolean;
}

export function Card({ wall, desktop, operates }: Props) {
  const sight = useStore(wall.store, (state) => state.sights.get(desktop.id));
  const element = useRef<HTMLElement>(null);
  useEffect(() => (element.current ? wall.watchElement(desktop.id, element.current) : undefined), [desktop.id]);
  const why = silence(desktop, sight);
  const shown = desktop.state === "running" || desktop.state === "frozen";
  return (
    <article ref={element} class="card" data-state={desktop.state}>
      <button
        type="button"
        class="screen"
        data-id={desktop.id}
        aria-label={`${desktop.name}, ${desktop.state}`}
        onClick={() => wall.open(desktop)}
      >
        {sight?.url && shown ? <img src={sight.url} alt="" draggable={false} /> : null}
        {why !== null && <span class="why">{why}</span>}
      </button>
      <footer>
        <span class="dot" title={desktop.state} />
        <strong title={desktop.id}>{desktop.name}</strong>
        <span class="soft">{people(desktop)}</span>
        {operates && <Actions wall={wall} desktop={desktop} />}
      </footer>
      <p class="soft facts">
        {[desktop.state, desktop.profile, desktop.size, desktop.host, `by ${desktop.owner}`, ...desktop.tags.map((tag) => `#${tag}`)].join(" · ")}
      </p>
    </article>
  );
}

function people(desktop: Desktop): string {
  if (desktop.controller !== null) return `${desktop.controller} has the input`;
  if (desktop.viewers === 0) return "";
  return desktop.viewers === 1 ? "1 viewer" : `${desktop.viewers} viewers`;
}

function Actions({ wall, desktop }: { readonly wall: Wall; readonly desktop: Desktop }) {
  const rests = desktop.state === "stopped" || desktop.state === "failed";
  const act = (what: "start" | "stop" | "remove"): void => wall.act(what, desktop.id);
  return (
    <span class="actions">
      {rests ? (
        <>
          <button type="button" onClick={() => act("start")}>Start</button>
          <button type="button" onClick={() => act("remove")}>Remove</button>
        </>
      ) : (
        <button type="button" onClick={() => act("stop")}>Stop</button>
      )}
    </span>
  );
}
