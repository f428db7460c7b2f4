// WebSocket viewers that decode nothing: node viewers.mjs '{"url", "texts", "protocols", "count", "seconds"}'.
// Prints `ready` when all are open, and what each received at the end.
import WebSocket from 'ws';

const { url, texts, protocols = [], count, seconds, answer } = JSON.parse(process.argv[2]);
const viewers = [];

function open() {
  const viewer = { frames: 0, bytes: 0, closed: null };
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
  await open();
  await new Promise((resolve) => setTimeout(resolve, 500));
}
console.log('ready');
setTimeout(() => {
  console.log(JSON.stringify(viewers));
  process.exit();
}, seconds * 1000);
