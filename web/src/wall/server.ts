/** What the wall asks of the control plane. */

export interface Who {
  readonly name: string;
  readonly scopes: readonly string[];
}

export class Refused extends Error {
  override readonly name = "Refused";
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const options: RequestInit = { method, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "content-type": "application/json" };
  }
  const answer = await fetch(path, options);
  const said = await answer.text();
  if (!answer.ok) throw new Refused(reason(said, answer.status), answer.status);
  return said === "" ? null : JSON.parse(said);
}

function reason(said: string, status: number): string {
  try {
    const problem: unknown = JSON.parse(said);
    if (typeof problem === "object" && problem !== null && "detail" in problem) return String(problem.detail);
  } catch {
    // No JSON: the status has to do.
  }
  return `The server answered ${status}.`;
}

function who(said: unknown): Who {
  const of = typeof said === "object" && said !== null ? said : {};
  const scopes = "scopes" in of && Array.isArray(of.scopes) ? of.scopes.map(String) : [];
  return { name: "name" in of ? String(of.name) : "", scopes };
}

/** Takes `login=` out of a fragment: the word that opens, or null. */
export function linkIn(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, "")).get("login");
}

export const server = {
  whoIs: async (): Promise<Who> => who(await ask("GET", "api/v1/session")),
  logIn: async (login: object): Promise<Who> => who(await ask("POST", "api/v1/session", login)),
  logOut: async (): Promise<unknown> => ask("DELETE", "api/v1/session"),
  profiles: async (): Promise<string[]> => {
    const list = await ask("GET", "api/v1/profiles");
    const name = (one: unknown): string => (typeof one === "object" && one !== null && "name" in one ? String(one.name) : "");
    return Array.isArray(list) ? list.map(name).filter((one) => one !== "") : [];
  },
  create: (profile: string, size: string, name: string): Promise<unknown> =>
    ask("POST", "api/v1/desktops", name === "" ? { profile, size } : { profile, size, name }),
  start: (id: string): Promise<unknown> => ask("POST", `api/v1/desktops/${encodeURIComponent(id)}/start`),
  stop: (id: string): Promise<unknown> => ask("POST", `api/v1/desktops/${encodeURIComponent(id)}/stop`),
  remove: (id: string): Promise<unknown> => ask("DELETE", `api/v1/desktops/${encodeURIComponent(id)}`),
};
