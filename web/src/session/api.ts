/** The desktop's HTTP interface, below the page's address. */

export type ClipboardKind = "text" | "html" | "image";

export interface ClipboardContent {
  readonly type: ClipboardKind;
  /** Text, HTML, or a PNG in base64. */
  readonly data: string;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
}

const KINDS: readonly ClipboardKind[] = ["text", "html", "image"];

export class Api {
  constructor(
    readonly base: URL,
    private readonly token: () => string | null,
  ) {}

  url(path: string): string {
    return new URL(path, this.base).href;
  }

  get headers(): { [name: string]: string } {
    const token = this.token();
    return token === null ? {} : { authorization: `Bearer ${token}` };
  }

  async clipboard(): Promise<ClipboardContent | null> {
    const answer = await this.#request("clipboard", { cache: "no-store" });
    const body: unknown = await answer.json();
    if (typeof body !== "object" || body === null || !("type" in body) || !("data" in body)) return null;
    const type = KINDS.find((kind) => kind === body.type);
    return type !== undefined && typeof body.data === "string" ? { type, data: body.data } : null;
  }

  async setClipboard(content: ClipboardContent): Promise<void> {
    const body = JSON.stringify(content);
    await this.#request("clipboard", { method: "POST", headers: { "content-type": "application/json" }, body });
  }

  /** Uploads one file, since only this old way of asking tells its progress. */
  upload(file: File, progress: (share: number) => void, signal: AbortSignal): Promise<void> {
    const form = new FormData();
    form.append("file", file, file.name);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.url("upload"));
      for (const [name, value] of Object.entries(this.headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
      request.onload = () => (request.status < 300 ? resolve() : reject(new ApiError(reason(request.responseText, request.status))));
      request.onerror = () => reject(new ApiError("the connection broke"));
      request.onabort = () => reject(new ApiError("cancelled"));
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(form);
    });
  }

  async #request(path: string, options: RequestInit): Promise<Response> {
    const headers = { ...this.headers, ...options.headers };
    const answer = await fetch(this.url(path), { ...options, headers });
    if (!answer.ok) throw new ApiError(reason(await answer.text(), answer.status));
    return answer;
  }
}

/** What an error answer says: `{"error", "hint"}`, or at least its status. */
function reason(body: string, status: number): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && "error" in value && typeof value.error === "string") {
      return "hint" in value && typeof value.hint === "string" ? `${value.error} (${value.hint})` : value.error;
    }
  } catch {
    // Not JSON: the status has to do.
  }
  return status === 401 || status === 403 ? "not allowed" : `the server answered ${status}`;
}
