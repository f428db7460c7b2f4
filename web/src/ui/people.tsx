/** Who is here, who controls, and who asks. */

import type { Lease } from "../protocol/control";
import { type Desktop, nameOf } from "./desktop";
import { useStore } from "./store";
import type { Visitor } from "./state";

/** One line on control, with the one thing that can be done about it. */
export function ControlPill({ desktop }: { readonly desktop: Desktop }) {
  const lease = useStore(desktop.store, (state) => state.lease);
  const self = useStore(desktop.store, (state) => state.self);
  if (!lease) return null;
  const asked = lease.waiting.some(({ id }) => id === self);
  return (
    <div class="pill" data-you={lease.you} role="group" aria-label="Control">
      <span class="dot" aria-hidden="true" />
      <span class="pill-text">{stands(lease)}</span>
      <Act desktop={desktop} lease={lease} asked={asked} />
    </div>
  );
}

function stands({ you, holder }: Lease): string {
  if (you === "holding") return "You control";
  if (you === "free") return "Free: click to control";
  if (you === "view-only") return holder ? `${nameOf(holder)} controls, you watch` : "You watch";
  return holder ? `${nameOf(holder)} controls` : "Somebody controls";
}

function Act({ desktop, lease, asked }: { readonly desktop: Desktop; readonly lease: Lease; readonly asked: boolean }) {
  const ask = (input: "request" | "release" | "take") => () => {
    desktop.remote.control({ input });
    desktop.stage.focus();
  };
  if (lease.you === "holding") return <button type="button" onClick={ask("release")}>Release</button>;
  if (lease.you !== "watching") return null;
  if (lease.holder?.kind === "agent") return <button type="button" onClick={ask("take")}>Take over</button>;
  if (asked) return <button type="button" onClick={ask("release")}>Withdraw request</button>;
  return <button type="button" onClick={ask("request")}>Request control</button>;
}

/** Requests that wait for this viewer's answer. */
export function Requests({ desktop }: { readonly desktop: Desktop }) {
  const lease = useStore(desktop.store, (state) => state.lease);
  if (lease?.you !== "holding" || lease.waiting.length === 0) return null;
  return (
    <div class="requests" role="alert">
      {lease.waiting.map(({ id, name }) => (
        <div key={id} class="request">
          <span>{name || "Somebody"} asks for control</span>
          <button type="button" class="primary" onClick={() => desktop.remote.control({ input: { grant: id } })}>Grant</button>
          <button type="button" onClick={() => desktop.remote.control({ input: { deny: id } })}>Deny</button>
        </div>
      ))}
    </div>
  );
}

export function PeoplePanel({ desktop }: { readonly desktop: Desktop }) {
  const people = useStore(desktop.store, (state) => state.people);
  const self = useStore(desktop.store, (state) => state.self);
  const holder = useStore(desktop.store, (state) => state.lease?.holder ?? null);
  return (
    <div class="panel" role="dialog" aria-label="Who is here">
      <h2>Who is here</h2>
      <ul class="people">
        {[...people].map(([id, visitor]) => (
          <li key={id}>
            <Face visitor={visitor} />
            <span>{visitor.name || "Somebody"}</span>
            <small>{[id === self ? "you" : null, id === holder?.id ? "controls" : null].filter(Boolean).join(", ")}</small>
          </li>
        ))}
        {people.size === 0 && <li>Nobody has said who they are.</li>}
      </ul>
    </div>
  );
}

function Face({ visitor: { name, colour } }: { readonly visitor: Visitor }) {
  return (
    <span class="face" style={{ backgroundColor: colour }} aria-hidden="true">
      {[...name.trim()][0]?.toUpperCase() ?? "?"}
    </span>
  );
}
