/**
 * What a browser runs first, on the page and in its worker.
 *
 * Both have the same file, so that the worker, which a person waits for, needs no request of its own.
 */

import { begin, type Early } from "./early";
import { serve } from "./worker/decode.worker";

export const early: Early | null = typeof document === "undefined" ? null : begin(import.meta.url);

if (!early) serve();
