/** Bounded reading and exact writing of the protocol's mixed-endian layouts. */

/** A message that does not have the layout of its type. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

const utf8 = new TextDecoder("utf-8");
const encoder = new TextEncoder();

/** Reads fields one after the other; reading past the end throws {@link Malformed}. */
export class Reader {
  readonly #view: DataView;
  #at: number;

  constructor(
    private readonly bytes: Uint8Array,
    at = 0,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  get left(): number {
    return this.bytes.byteLength - this.#at;
  }

  #take(size: number): number {
    if (this.left < size) throw new Malformed(`${size} bytes wanted at ${this.#at}, ${this.left} left`);
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }
  u16be(): number {
    return this.#view.getUint16(this.#take(2));
  }
  i16be(): number {
    return this.#view.getInt16(this.#take(2));
  }
  u16le(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32be(): number {
    return this.#view.getUint32(this.#take(4));
  }
  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  i32le(): number {
    return this.#view.getInt32(this.#take(4), true);
  }
  f32le(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }
  /** A 64-bit count; exact up to 2^53, which microseconds reach in 285 years. */
  u64be(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
  }
  take(size: number): Uint8Array {
    const at = this.#take(size);
    return this.bytes.subarray(at, at + size);
  }
  text(size: number): string {
    return utf8.decode(this.take(size));
  }
  rest(): Uint8Array {
    return this.take(this.left);
  }
}

/** Writes fields one after the other. */
export class Writer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  #skip(size: number): number {
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u8(value: number): this {
    this.#view.setUint8(this.#skip(1), value);
    return this;
  }
  i8(value: number): this {
    this.#view.setInt8(this.#skip(1), value);
    return this;
  }
  u16be(value: number): this {
    this.#view.setUint16(this.#skip(2), value);
    return this;
  }
  i16be(value: number): this {
    this.#view.setInt16(this.#skip(2), value);
    return this;
  }
  u16le(value: number): this {
    this.#view.setUint16(this.#skip(2), value, true);
    return this;
  }
  u32be(value: number): this {
    this.#view.setUint32(this.#skip(4), value);
    return this;
  }
  u32le(value: number): this {
    this.#view.setUint32(this.#skip(4), value, true);
    return this;
  }
  i32le(value: number): this {
    this.#view.setInt32(this.#skip(4), value, true);
    return this;
  }
  f32le(value: number): this {
    this.#view.setFloat32(this.#skip(4), value, true);
    return this;
  }
  u64be(value: number): this {
    const whole = Math.max(0, Math.floor(value));
    const at = this.#skip(8);
    this.#view.setUint32(at, Math.floor(whole / 0x1_0000_0000));
    this.#view.setUint32(at + 4, whole >>> 0);
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#skip(bytes.byteLength));
    return this;
  }
}

/** UTF-8 of `text`, cut at a whole character so that it fits `limit` bytes. */
export function utf8Within(text: string, limit: number): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(text);
  if (bytes.byteLength <= limit) return bytes;
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.slice(0, end);
}
