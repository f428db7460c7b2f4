/** Says why there is no picture, and what can be done about it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { complaint, type Diagnosis, type HopLine, type Remedy } from "../session/diagnosis";
import type { Desktop } from "./desktop";
import { useStore } from "./store";

const TICK = 250;
/** Pictures of a desktop that is used come more often than this. */
const STILL = 5000;

export function Overlay({ desktop }: { readonly desktop: Desktop }) {
  const { store } = desktop;
  const amiss = useStore(store, ({ link, picture, trouble }) => trouble !== null || link.phase !== "open" || !picture);
  const known = useStore(store, ({ everPainted }) => everPainted);
  if (!amiss) return <Complaint desktop={desktop} />;
  return <Amiss desktop={desktop} over={known} />;
}

function Amiss({ desktop, over }: { readonly desktop: Desktop; readonly over: boolean }) {
  const { link } = useStore(desktop.store, (state) => state);
  const now = useNow(TICK);
  const diagnosis = desktop.diagnosis(now);
  if (!diagnosis) return null;
  return (
    <div class={["scrim", over ? "over" : "", diagnosis.busy ? "late" : ""].join(" ")}>
      <section class="card" role={diagnosis.busy ? "status" : "alert"} aria-live="polite">
        <Message diagnosis={diagnosis} />
        <Cure key={diagnosis.title} remedy={diagnosis.remedy} desktop={desktop} final={link.phase === "stopped"} />
      </section>
    </div>
  );
}

function Message({ diagnosis: { busy, title, text, detail, hops } }: { readonly diagnosis: Diagnosis }) {
  return (
    <>
      <h1>
        {busy && <span class="spinner" aria-hidden="true" />}
        {title}
      </h1>
      {text !== "" && <p>{text}</p>}
      {hops.length > 0 && <Hops lines={hops} />}
      {detail !== null && detail !== "" && (
        <details>
          <summary>Details</summary>
          <pre>{detail}</pre>
        </details>
      )}
    </>
  );
}

function Hops({ lines }: { readonly lines: readonly HopLine[] }) {
  return (
    <ul class="hops" aria-label="Where the picture comes from">
      {lines.map(({ name, state, said }) => (
        <li key={name} data-state={state}>
          <b>{name}</b>
          <span>{said}</span>
        </li>
      ))}
    </ul>
  );
}

interface CureProps {
  readonly remedy: Remedy;
  readonly desktop: Desktop;
  /** Nothing happens by itself any more, so the focus comes here. */
  readonly final: boolean;
}

function Cure({ remedy, desktop, final }: CureProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (final) button.current?.focus();
  }, [final]);
  switch (remedy) {
    case "none":
      return null;
    case "token":
      return <TokenForm desktop={desktop} />;
    case "retry":
    case "use-here":
      return (
        <button ref={button} type="button" class="primary" onClick={() => desktop.retry()}>
          {remedy === "retry" ? "Try now" : "Use it here"}
        </button>
      );
  }
}

function TokenForm({ desktop }: { readonly desktop: Desktop }) {
  const [wrong, setWrong] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const token = new FormData(form).get("token");
    setWrong(!desktop.useToken(typeof token === "string" ? token : ""));
  };
  return (
    <form onSubmit={submit}>
      <label>
        Token
        <input ref={field} name="token" type="password" autocomplete="off" spellcheck={false} required aria-invalid={wrong} />
      </label>
      {wrong && <p class="wrong" role="alert">That is not a token: it has 43 letters, digits, - and _.</p>}
      <button class="primary">Open the desktop</button>
    </form>
  );
}

/** A picture that stands still although something failed. */
function Complaint({ desktop }: { readonly desktop: Desktop }) {
  const text = useStore(desktop.store, ({ hops, lastFrameAt }) => (performance.now() - lastFrameAt > STILL ? complaint(hops) : null));
  return text === null ? null : (
    <div class="banner" role="status">
      {text}
    </div>
  );
}

/** The time, again and again while something shows it. */
function useNow(gap: number): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), gap);
    return () => clearInterval(timer);
  }, [gap]);
  return now;
}
