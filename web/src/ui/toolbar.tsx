/** The toolbar: out of the way until it is wanted. */

import { useEffect, useRef, useState } from "preact/hooks";
import { chooseFiles } from "../input/drop";
import type { Desktop } from "./desktop";
import { Icon, type IconName } from "./icons";
import type { Inputs } from "./inputs";
import { Menu } from "./menu";
import { ControlPill, PeoplePanel } from "./people";
import { lockPointer, toggleFullscreen } from "./platform";
import type { Panel } from "./state";
import { useStore } from "./store";

/** A pointer this near to the upper edge wants the toolbar. */
const EDGE = 4;
const FAR = 120;
const LINGER = 900;
/** A newcomer sees it for this long. */
const INTRODUCTION = 4000;

export interface ToolbarHandle {
  focus(): void;
}

interface Props {
  readonly desktop: Desktop;
  readonly inputs: Inputs;
  readonly title: string;
  readonly handle: ToolbarHandle;
}

export function Toolbar({ desktop, inputs, title, handle }: Props) {
  const { store, stage } = desktop;
  const bar = useRef<HTMLDivElement>(null);
  const panel = useStore(store, (state) => state.panel);
  const waiting = useStore(store, ({ lease }) => lease?.you === "holding" && lease.waiting.length > 0);
  const [shown, show] = useReveal(bar, panel !== "none", desktop);
  const open = (which: Panel) => () => store.set({ panel: panel === which ? "none" : which });
  const leave = (): void => {
    store.set({ panel: "none" });
    show(false);
    stage.focus();
  };
  handle.focus = () => {
    show(true);
    bar.current?.querySelector("button")?.focus();
  };
  return (
    <>
      {panel !== "none" && <div class="away" onPointerDown={leave} />}
      <button type="button" class="grip" aria-label="Show the toolbar" aria-expanded={shown} onClick={() => handle.focus()} />
      <div ref={bar} class="bar" data-shown={shown || waiting} role="toolbar" aria-label={title} onKeyDown={(event) => navigate(event, leave)}>
        <ControlPill desktop={desktop} />
        <People desktop={desktop} open={panel === "people"} toggle={open("people")} />
        <span class="gap" />
        <Tools desktop={desktop} inputs={inputs} />
        <Tool icon="settings" label="Settings" pressed={panel === "menu"} act={open("menu")} />
      </div>
      <div onKeyDown={(event) => event.key === "Escape" && leave()}>
        {panel === "menu" && <Menu desktop={desktop} />}
        {panel === "people" && <PeoplePanel desktop={desktop} />}
      </div>
    </>
  );
}

function People({ desktop, open, toggle }: { readonly desktop: Desktop; readonly open: boolean; toggle(): void }) {
  const count = useStore(desktop.store, ({ people }) => people.size);
  return (
    <Tool icon="people" wide label={count === 1 ? "One person is here" : `${count} people are here`} pressed={open} act={toggle}>
      {count > 1 ? String(count) : ""}
    </Tool>
  );
}

function Tools({ desktop, inputs }: { readonly desktop: Desktop; readonly inputs: Inputs }) {
  const { store, stage } = desktop;
  const hud = useStore(store, (state) => state.settings.hud);
  const soft = useStore(store, (state) => state.softKeyboard);
  const fullscreen = useStore(store, (state) => state.fullscreen);
  const back = (act: () => unknown) => () => {
    act();
    stage.focus();
  };
  return (
    <>
      {matchMedia("(any-pointer: coarse)").matches && (
        <Tool icon="keyboard" label="On-screen keyboard" pressed={soft} act={() => inputs.toggleSoftKeyboard()} />
      )}
      <Tool icon="upload" label="Upload files" act={() => chooseFiles((files) => desktop.uploads.add(files))} />
      <Tool icon="pointer" label="Lock the pointer" act={back(() => void lockPointer(stage.element))} />
      <Tool icon="gauge" label="Figures" pressed={hud} act={back(() => desktop.change({ hud: !hud }))} />
      <Tool icon={fullscreen ? "shrink" : "fullscreen"} label={fullscreen ? "Leave full screen" : "Full screen"} act={back(() => void toggleFullscreen())} />
    </>
  );
}

interface ToolProps {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  /** There is room for a number, whether there is one or not. */
  readonly wide?: boolean;
  readonly children?: string;
  act(): void;
}

function Tool({ icon, label, pressed, wide = false, children, act }: ToolProps) {
  return (
    <button type="button" class={wide ? "tool wide" : "tool"} aria-label={label} title={label} aria-pressed={pressed} onClick={act}>
      <Icon name={icon} />
      {children}
    </button>
  );
}

/** Arrow keys go from button to button, Escape back to the desktop. */
function navigate(event: KeyboardEvent, leave: () => void): void {
  if (event.key === "Escape") return leave();
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  const bar = event.currentTarget;
  if (step === 0 || !(bar instanceof HTMLElement)) return;
  const buttons = [...bar.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button === document.activeElement);
  buttons[(at + step + buttons.length) % buttons.length]?.focus();
  event.preventDefault();
}

/** Whether the toolbar is shown: at first, near the edge, with the focus in it, and with a panel open. */
function useReveal(bar: { readonly current: HTMLElement | null }, pinned: boolean, desktop: Desktop): [boolean, (shown: boolean) => void] {
  const painted = useStore(desktop.store, (state) => state.everPainted);
  const [shown, show] = useState(false);
  useEffect(() => {
    if (!painted) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hideIn = (ms: number): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (!bar.current?.contains(document.activeElement)) show(false);
      }, ms);
    };
    const moved = ({ clientY, pointerType, buttons }: PointerEvent): void => {
      if (pointerType === "touch" || buttons !== 0) return;
      if (clientY <= EDGE) show(true);
      if (clientY > FAR) return hideIn(LINGER);
      clearTimeout(timer);
      timer = undefined;
    };
    show(true);
    hideIn(INTRODUCTION);
    addEventListener("pointermove", moved, { passive: true });
    const pressed = (event: Event): void => {
      if (event.target instanceof Node && !bar.current?.contains(event.target)) hideIn(LINGER);
    };
    addEventListener("pointerdown", pressed, { passive: true });
    return () => {
      clearTimeout(timer);
      removeEventListener("pointermove", moved);
      removeEventListener("pointerdown", pressed);
    };
  }, [painted, bar]);
  return [shown || pinned, show];
}
