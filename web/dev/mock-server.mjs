// A server of the viewer's protocol for developing the page without a desktop: `node dev/mock-server.mjs [PORT]`.
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { testPictures } from "./h264.mjs";
import { MockViewer } from "./mock-viewer.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";

/** Starts a mock desktop. The result's members may be changed while it runs; `viewers` are the connections. */
export async function mockDesktop({ port = 0, pictures = {}, token = null } = {}) {
  const mock = {
    pictures: testPictures(pictures),
    token,
    playing: true,
    clipboard: { type: "text", data: "" },
    uploads: [],
    viewers: new Set(),
    received: [],
    lease: { holder: null, you: "free", waiting: [] },
    hops: null,
    /** Connections are dropped before they open. */
    refuse: false,
    /** Changes a frame before it is sent, or drops it by returning null. */
    spoil: (frame) => frame,
  };
  const server = createServer((request, response) => answer(mock, request, response));
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has("lunette") ? "lunette" : false) });
  server.on("upgrade", (request, socket, head) => {
    if (mock.refuse) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const offered = request.headers["sec-websocket-protocol"] ?? "";
      if (mock.token !== null && !offered.includes(`lunette.bearer.${mock.token}`)) return ws.close(4001, "unauthorised");
      const viewer = new MockViewer(mock, ws);
      mock.viewers.add(viewer);
      ws.on("close", () => mock.viewers.delete(viewer));
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  mock.url = `http://127.0.0.1:${server.address().port}/`;
  mock.close = () => {
    for (const viewer of mock.viewers) viewer.close(1001);
    server.close();
    server.closeAllConnections();
  };
  return mock;
}

async function answer(mock, request, response) {
  const path = new URL(request.url, "http://localhost").pathname;
  const json = (status, value) => {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(value));
  };
  const guarded = !["/", "/index.html"].includes(path) && !path.startsWith("/assets/");
  if (guarded && mock.token !== null && request.headers.authorization !== `Bearer ${mock.token}`) return json(401, { error: "no token" });
  if (path === "/status") return json(200, { state: "ready", parts: [] });
  if (path === "/clipboard" && request.method === "GET") return json(200, mock.clipboard);
  if (path === "/clipboard") {
    mock.clipboard = JSON.parse((await body(request)).toString());
    return json(200, {});
  }
  if (path === "/upload") {
    const bytes = await body(request);
    mock.uploads.push(bytes);
    return json(200, { path: "/home/user/incoming/file", size: bytes.length, filename: "file" });
  }
  const file = join(dist, normalize(path === "/" ? "index.html" : path));
  if (!file.startsWith(dist) || !existsSync(file)) return json(404, { error: "nothing here" });
  const immutable = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  const headers = { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "cache-control": immutable };
  response.writeHead(200, { ...headers, "content-encoding": "gzip", "content-security-policy": CSP, "x-content-type-options": "nosniff" });
  response.end(readFileSync(`${file}.gz`));
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await mockDesktop({ port: Number(process.argv[2] ?? 8080), pictures: { width: 1920, height: 1080 } });
  console.log(`listening http=${mock.url}`);
}
