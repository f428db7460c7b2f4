/** Reads the viewer's messages and builds them again with the viewer's own functions. */

import { Reader } from "../../src/protocol/bytes";
import * as client from "../../src/protocol/client";

const PHASES = ["down", "move", "up", "cancel"] as const;

/** The same message, from the values in it. */
export function rebuilt(bytes: Uint8Array): Uint8Array {
  const read = new Reader(bytes);
  const type = read.u8();
  switch (type) {
    case 0x10:
      return keyboard(read);
    case 0x11:
      return pointing(read);
    case 0x12:
      read.u8();
      return client.moveTo(read.i16be(), read.i16be(), read.i16be(), read.i16be());
    case 0x13:
      read.u8();
      return client.moveBy(read.i16be(), read.i16be());
    case 0x14: {
      const phase = PHASES[read.u8()];
      if (phase === undefined) throw new Error("no such phase");
      return client.touch(phase, read.u8(), read.f32le(), read.f32le());
    }
    case 0x20:
      return client.control(JSON.parse(read.text(read.left)) as client.ControlRequest);
    case 0x40:
      return client.ping(read.u32be(), read.u64be());
    case 0x42:
      return client.feedback(read.u64be(), read.u64be(), read.u64be(), read.u8());
    default:
      throw new Error(`type ${type}`);
  }
}

function keyboard(read: Reader): Uint8Array {
  const sub = read.u8();
  if (sub === 0) {
    const [down, modifiers] = [read.u8() === 1, read.u8()];
    return client.key(read.u16be(), down, modifiers);
  }
  if (sub === 1) {
    read.u8();
    return Uint8Array.from(client.text(read.text(read.left)).flatMap((message) => [...message]));
  }
  if (sub === 2) {
    const [down, modifiers] = [read.u8() === 1, read.u8()];
    return client.keysym(read.u32be(), down, modifiers);
  }
  const modifiers = read.u8();
  return client.keysymTap(read.u32be(), modifiers);
}

function pointing(read: Reader): Uint8Array {
  const sub = read.u8();
  if (sub === 2) {
    const down = read.u8() === 1;
    return client.button(read.u8(), down);
  }
  return sub === 3 ? client.scroll(read.f32le(), read.f32le()) : client.notches(read.i8(), read.i8());
}
