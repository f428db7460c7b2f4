/**
 * What a browser runs first, on the page and in its worker.
 *
 * Both have the same file, so that the worker, which a person waits for, needs no request of its own. It is a script of the
 * old kind, which the page's parser runs where it stands: a module would wait for its turn.
 */

import { begin } from "./early";
import { serve } from "./worker/decode.worker";

if (typeof document === "undefined") serve();
else if (document.currentScript instanceof HTMLScriptElement) window.lunetteEarly = begin(document.currentScript.src);
