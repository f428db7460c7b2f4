/** Everything that is set rarely. */

import type { ComponentChildren } from "preact";
import type { Desktop } from "./desktop";
import { platform } from "./platform";
import { BITRATES, type Settings } from "./settings";
import { useStore } from "./store";

export function Menu({ desktop }: { readonly desktop: Desktop }) {
  const settings = useStore(desktop.store, (state) => state.settings);
  const canResize = useStore(desktop.store, (state) => state.capabilities.resize);
  const set = (change: Partial<Settings>): void => desktop.change(change);
  const touch = matchMedia("(any-pointer: coarse)").matches;
  return (
    <div class="panel menu" role="dialog" aria-label="Settings">
      <Choice name="Size" value={settings.fit} options={[["fit", "Fit"], ["actual", "1:1"], ["width", "Width"]]} choose={(fit) => set({ fit })} />
      <Switch on={settings.matchWindow} set={(matchWindow) => set({ matchWindow })} disabled={!canResize}>
        Desktop takes this window's size
      </Switch>
      {touch && (
        <Choice name="Fingers" value={settings.touch} options={[["touch", "Touch"], ["trackpad", "Trackpad"]]} choose={(mode) => set({ touch: mode })} />
      )}
      <Choice
        name="Keys"
        value={settings.byCharacter ? "character" : "position"}
        options={[["position", "By position"], ["character", "By character"]]}
        choose={(by) => set({ byCharacter: by === "character" })}
      />
      {platform() === "mac" && (
        <Switch on={settings.swapCommand} set={(swapCommand) => set({ swapCommand })}>
          ⌘ is the desktop's Ctrl
        </Switch>
      )}
      <Bandwidth value={settings.maxBitrate} set={(maxBitrate) => set({ maxBitrate })} />
      <Choice name="Colours" value={settings.theme} options={[["system", "System"], ["dark", "Dark"], ["light", "Light"]]} choose={(theme) => set({ theme })} />
      <label class="row">
        Your name
        <input value={settings.userName} maxLength={60} placeholder="Guest" title="Others see it from your next visit on" onChange={(event) => set({ userName: event.currentTarget.value })} />
      </label>
      <Help />
    </div>
  );
}

function Bandwidth({ value, set }: { readonly value: number | null; set(value: number | null): void }) {
  return (
    <label class="row">
      At most
      <select value={value ?? 0} onChange={(event) => set(Number(event.currentTarget.value) || null)}>
        <option value={0}>no limit</option>
        {BITRATES.map((rate) => (
          <option key={rate} value={rate}>{`${rate / 1000} Mbit/s`}</option>
        ))}
      </select>
    </label>
  );
}

interface ChoiceProps<T extends string> {
  readonly name: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  choose(value: T): void;
}

function Choice<T extends string>({ name, value, options, choose }: ChoiceProps<T>) {
  return (
    <fieldset class="row">
      <legend>{name}</legend>
      <div class="segments">
        {options.map(([option, label]) => (
          <label key={option}>
            <input type="radio" name={name} checked={option === value} onChange={() => choose(option)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface SwitchProps {
  readonly on: boolean;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
  set(on: boolean): void;
}

function Switch({ on, disabled = false, children, set }: SwitchProps) {
  return (
    <label class="row switch">
      {children}
      <input type="checkbox" role="switch" checked={on} disabled={disabled} onChange={(event) => set(event.currentTarget.checked)} />
    </label>
  );
}

function Help() {
  return (
    <details class="help">
      <summary>Keys of this page</summary>
      <dl>
        <div><dt>Ctrl Alt Shift M</dt><dd>leaves the desktop for the toolbar; Tab goes on from there, Esc back to the desktop</dd></div>
        <div><dt>Ctrl Alt Shift H</dt><dd>figures</dd></div>
        <div><dt>Ctrl Alt Shift F</dt><dd>full screen</dd></div>
        <div><dt>Ctrl Alt Shift L</dt><dd>lock the pointer, Esc frees it</dd></div>
      </dl>
      <p>All other keys, Tab among them, go to the desktop while it has the focus.</p>
      <p>Ctrl W, T and N, Alt Tab and the like stay with your browser and system. In full screen, Chrome and Edge give them to the desktop; hold Esc to leave.</p>
    </details>
  );
}
