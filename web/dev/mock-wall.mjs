// A control plane without desktops: the wall's files, its session and its WebSocket, for tests.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const dist = new URL("../dist/", import.meta.url);
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

/** What the control plane says of one desktop. */
export function desktop(id, more = {}) {
  return { id, name: id, profile: "light", host: "local", owner: "ann", tags: [], state: "running", why: null, size: "1280x720", bridge: "ready", viewers: 0, controller: null, ...more };
}

/** Starts one. `asked` has what the page asked for, `watched` which pictures it wants. */
export async function mockWall() {
  const mock = { asked: [], watched: [], desktops: [], loggedIn: false, sockets: new Set() };
  const server = createServer((request, response) => void answer(mock, request, response));
  const sockets = new WebSocketServer({ server, path: "/api/v1/wall" });
  sockets.on("connection", (socket) => {
    mock.sockets.add(socket);
    socket.on("close", () => mock.sockets.delete(socket));
    socket.on("message", (data) => mock.watched.push(JSON.parse(data.toString()).ids));
    socket.send(list(mock));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  mock.url = `http://127.0.0.1:${server.address().port}/`;
  mock.tell = () => mock.sockets.forEach((socket) => socket.send(list(mock)));
  mock.picture = (id, frame, jpeg) => {
    const head = Buffer.alloc(2 + id.length + 8);
    head[0] = 1;
    head[1] = id.length;
    head.write(id, 2);
    head.writeBigUInt64BE(BigInt(frame), 2 + id.length);
    mock.sockets.forEach((socket) => socket.send(Buffer.concat([head, jpeg])));
  };
  mock.close = () => {
    mock.sockets.forEach((socket) => socket.terminate());
    server.closeAllConnections();
    server.close();
  };
  return mock;
}

const list = (mock) => JSON.stringify({ type: "desktops", desktops: mock.desktops });

async function answer(mock, request, response) {
  const { pathname } = new URL(request.url, "http://wall");
  let body = "";
  for await (const part of request) body += part;
  const say = (status, value) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (pathname.startsWith("/api/")) {
    mock.asked.push([request.method, pathname, body === "" ? null : JSON.parse(body)]);
    if (pathname === "/api/v1/session" && request.method === "POST") mock.loggedIn = JSON.parse(body).login !== "used";
    if (!mock.loggedIn) return say(401, { detail: "this login is not known here" });
    if (pathname === "/api/v1/session") return say(200, { name: "ann", scopes: ["view", "operate"] });
    if (pathname === "/api/v1/profiles") return say(200, [{ name: "light" }, { name: "sway" }]);
    return say(200, {});
  }
  if (pathname.startsWith("/d/")) return response.writeHead(200, { "content-type": "text/html" }).end("<p>a desktop</p>");
  const name = pathname === "/" ? "wall.html" : pathname.slice(1);
  try {
    const bytes = await readFile(new URL(name, dist));
    response.writeHead(200, { "content-type": TYPES[name.split(".").pop()] ?? "text/plain" }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}
