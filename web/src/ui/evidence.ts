/** The page's state as evidence of why there is no picture. */

import type { Evidence } from "../session/diagnosis";
import type { State } from "./state";

export function evidenceOf(state: State, now: number): Evidence {
  const { link, picture, openSince, retryAt, trouble, streamError, hops, counters, countersAtOpen } = state;
  return {
    link,
    picture,
    openForMs: openSince === null ? null : now - openSince,
    retryInMs: retryAt === null ? null : retryAt - now,
    trouble,
    secure: isSecureContext,
    streamError,
    hops,
    received: (counters?.received ?? 0) - (countersAtOpen?.received ?? 0),
    decoded: (counters?.decoded ?? 0) - (countersAtOpen?.decoded ?? 0),
  };
}
