/** Kernel key codes by the browser's `KeyboardEvent.code`, which names places on the keyboard and not characters. */
export const EVDEV: { readonly [code: string]: number } = {
  ...row(1, "Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace Tab"),
  ...row(16, "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft"),
  ...row(30, "KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash"),
  ...row(44, "KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock"),
  ...row(59, "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock"),
  ...row(71, "Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd"),
  ...row(79, "Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal"),
  ...row(85, "Lang5 IntlBackslash F11 F12 IntlRo Lang3 Lang4 Convert KanaMode NonConvert NumpadJPComma"),
  ...row(96, "NumpadEnter ControlRight NumpadDivide PrintScreen AltRight"),
  ...row(102, "Home ArrowUp PageUp ArrowLeft ArrowRight End ArrowDown PageDown Insert Delete"),
  ...row(113, "AudioVolumeMute AudioVolumeDown AudioVolumeUp Power NumpadEqual NumpadSignChange Pause"),
  ...row(121, "NumpadComma Lang1 Lang2 IntlYen MetaLeft MetaRight ContextMenu"),
  ...row(128, "BrowserStop Again Props Undo"),
  ...row(133, "Copy Open Paste Find Cut Help"),
  ...row(183, "F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24"),
  LaunchApp2: 140,
  LaunchCalculator: 140,
  Sleep: 142,
  WakeUp: 143,
  LaunchApp1: 144,
  LaunchMail: 155,
  BrowserFavorites: 156,
  BrowserBack: 158,
  BrowserForward: 159,
  Eject: 161,
  MediaTrackNext: 163,
  MediaPlayPause: 164,
  MediaTrackPrevious: 165,
  MediaStop: 166,
  BrowserHome: 172,
  BrowserRefresh: 173,
  NumpadParenLeft: 179,
  NumpadParenRight: 180,
  BrowserSearch: 217,
  BrightnessDown: 224,
  BrightnessUp: 225,
  MediaSelect: 226,
  LaunchMediaPlayer: 226,
  DisplayToggleIntExt: 227,
  VolumeMute: 113,
  VolumeDown: 114,
  VolumeUp: 115,
  OSLeft: 125,
  OSRight: 126,
  Select: 353,
};

function row(first: number, codes: string): { [code: string]: number } {
  return Object.fromEntries(codes.split(" ").map((code, index) => [code, first + index]));
}

/** Whether the browser's meaning of this code is a modifier. */
export function isModifier(code: string): boolean {
  return /^(Shift|Control|Alt|Meta|OS)(Left|Right)$/.test(code);
}

const SWAPPED: { readonly [code: string]: string } = {
  MetaLeft: "ControlLeft",
  MetaRight: "ControlRight",
  ControlLeft: "MetaLeft",
  ControlRight: "MetaRight",
};

/** The code that Command and Control stand for when they change places. */
export function swapCommand(code: string): string {
  return SWAPPED[code] ?? code;
}
