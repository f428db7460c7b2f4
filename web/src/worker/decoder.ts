/** One WebCodecs decoder: configured from the key frames themselves, fed one access unit per chunk. */

import { codecOf, covers } from "../protocol/h264";
import type { VideoFrame as CodedFrame } from "../protocol/server";

export interface DecoderEvents {
  decoded(frame: VideoFrame): void;
  /** A delta that nothing can be made of. */
  skipped(): void;
  /** Decoding failed and starts again at the next key frame, which should be asked for. */
  failed(detail: string): void;
  /** The browser has no decoder for this; `codec` says for what. */
  unsupported(codec: string): void;
}

/** H.264 and its High 4:4:4 profile; nothing else is sent. */
const H264_CODECS = new Set([0x01, 0x02]);
/** What Lunette's own encoder makes, up to 1080p60. */
const USUAL = "avc1.42C02A";
/** Failures in a row before the stream is called unsupported. */
const MAX_FAILURES = 3;

export class Decoder {
  #decoder: VideoDecoder | null = null;
  #codec: string | null = null;
  /** What the decoder was opened for. */
  #opened: string | null = null;
  #failures = 0;
  /** Pictures that were handed over and did not come out yet, by their times. */
  #inside: number[] = [];

  constructor(private readonly events: DecoderEvents) {}

  /** Codec string of the stream, once a key frame has told it. */
  get codec(): string | null {
    return this.#codec;
  }

  /** Pictures in the decoder, whether it has begun with them or not. */
  get queue(): number {
    return this.#inside.length;
  }

  /** Opens a decoder while the connection is made, before anything is known of the stream. */
  warm(): void {
    if (!this.#decoder) this.#open(USUAL);
  }

  feed(frame: CodedFrame): void {
    if (!H264_CODECS.has(frame.codec)) {
      this.events.unsupported(`codec ${frame.codec}`);
      return;
    }
    if (frame.key) this.#prepare(frame.data);
    if (!this.#decoder) {
      this.events.skipped();
      return;
    }
    try {
      this.#decoder.decode(new EncodedVideoChunk({ type: frame.key ? "key" : "delta", timestamp: frame.pts, data: frame.data }));
      this.#inside.push(frame.pts);
    } catch (error) {
      this.#fail(String(error));
    }
  }

  /** Forgets everything; the next key frame starts anew. */
  reset(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    this.#codec = null;
    this.#opened = null;
    this.#inside = [];
    if (decoder && decoder.state !== "closed") decoder.close();
  }

  #prepare(unit: Uint8Array): void {
    const codec = codecOf(unit) ?? this.#codec;
    if (codec === null) return;
    if (this.#opened === null || !covers(this.#opened, codec)) this.reset();
    this.#codec = codec;
    if (!this.#decoder) this.#open(codec);
  }

  #open(codec: string): void {
    const decoder = new VideoDecoder({
      output: (frame) => this.#output(decoder, frame),
      error: (error) => {
        if (decoder === this.#decoder) this.#fail(error.message);
      },
    });
    this.#decoder = decoder;
    this.#opened = codec;
    try {
      decoder.configure(this.#config(codec));
    } catch (error) {
      this.#fail(String(error));
    }
  }

  /** After a failure the software decoder gets its turn: hardware ones refuse sizes and profiles that it takes. */
  #config(codec: string): VideoDecoderConfig {
    const config: VideoDecoderConfig = { codec, optimizeForLatency: true };
    return this.#failures === 0 ? config : { ...config, hardwareAcceleration: "prefer-software" };
  }

  #output(from: VideoDecoder, frame: VideoFrame): void {
    if (from !== this.#decoder) {
      frame.close();
      return;
    }
    this.#failures = 0;
    // Pictures come out in their order, so earlier ones that did not come out never will.
    this.#inside = this.#inside.filter((pts) => pts > frame.timestamp);
    this.events.decoded(frame);
  }

  #fail(detail: string): void {
    const codec = this.#codec;
    this.reset();
    // One that was opened early was a guess.
    if (codec === null) return;
    this.#failures += 1;
    if (this.#failures >= MAX_FAILURES) this.events.unsupported(codec);
    else this.events.failed(detail);
  }
}
