// WebSocket viewers that decode nothing: node viewers.mjs '{"urls", "texts", "protocols", "count", "seconds"}'.
// They take the addresses in turn. Prints `ready` when all are open, and what each received at the end.
import WebSocket from 'ws';

const { urls, texts, protocols = [], count, seconds, answer } = JSON.parse(process.argv[2]);
const viewers = [];
let measuring = false;

function open(url) {
  const viewer = { url, frames: 0, pictures: 0, bytes: 0, gap: 0, closed: null };
  viewer.waited = () => performance.now() - last;
  let last = performance.now();
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
  const opened = new Promise((resolve) => {
    socket.on('open', () => {
      for (const text of texts) socket.send(text.replaceAll('{id}', crypto.randomUUID()));
      resolve();
    });
    socket.on('error', (error) => resolve((viewer.closed = error.message)));
  });
  socket.on('message', (data, binary) => {
    viewer.bytes += data.length;
    if (!binary) return;
    if (data[0] === 1) {
      if (measuring) {
        viewer.pictures++;
        viewer.gap = Math.max(viewer.gap, viewer.waited());
      }
      last = performance.now();
    }
    viewer.frames++;
    if (answer && data[0] === 1) feedback(socket, viewer, data);
  });
  socket.on('close', (code, reason) => (viewer.closed ??= `${code} ${reason}`));
  viewers.push(viewer);
  return opened;
}

/** What a viewer of Lunette reports of each frame: received and painted. */
function feedback(socket, viewer, frame) {
  viewer.video = (viewer.video ?? 0) + frame.length;
  const message = Buffer.alloc(26);
  message[0] = 0x42;
  frame.copy(message, 1, 3, 11);
  frame.copy(message, 9, 3, 11);
  message.writeBigUInt64BE(BigInt(viewer.video), 17);
  if (socket.readyState === WebSocket.OPEN) socket.send(message);
}

for (let index = 0; index < count; index++) {
  await open(urls[index % urls.length]);
  await new Promise((resolve) => setTimeout(resolve, 500));
}
measuring = true;
console.log('ready');
setTimeout(() => {
  for (const viewer of viewers) viewer.gap = Math.max(viewer.gap, viewer.waited());
  console.log(JSON.stringify(viewers));
  process.exit();
}, seconds * 1000);
