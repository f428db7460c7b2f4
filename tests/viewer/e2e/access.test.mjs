// Who is let in: tokens, scopes, Origin and Host.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Client, ending, handshake } from '../lib/client.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

/** The type of a StreamError. */
const STREAM_ERROR = 0x31;
const token = () => randomBytes(32).toString('base64url');
const TOKENS = { view: token(), control: token(), agent: token() };
const folder = mkdtempSync(join(tmpdir(), 'viewer-tokens-'));
const file = join(folder, 'tokens');
writeFileSync(file, Object.entries(TOKENS).map(([scope, token]) => `${scope} ${token} ${scope}-person\n`).join(''), { mode: 0o600 });
after(() => rmSync(folder, { recursive: true }));

const guarded = suite({ pattern: 'scroll', size: '640x480', more: ['--token-file', file] });

/** The status line that a raw request gets. */
function raw(port, lines) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write([...lines, '', ''].join('\r\n')));
    let answer = '';
    socket.on('data', (data) => (answer += data));
    socket.on('close', () => resolve(Number(answer.split(' ')[1])));
    socket.on('error', reject);
  });
}

guarded('the page itself needs no token, everything behind it does', async ({ bridge }) => {
  assert.equal((await fetch(bridge.url)).status, 200);
  for (const path of ['status', 'screenshot', 'clients', 'clipboard', 'files', 'windows', 'video/stats']) {
    assert.equal((await fetch(bridge.url + path)).status, 401, path);
  }
  // A page is not shown the status of a refused handshake, so a stranger is told over the WebSocket, and nothing else.
  const turnedAway = { types: [STREAM_ERROR], code: 4001 };
  assert.deepEqual(await ending(bridge.url), turnedAway);
  assert.deepEqual(await ending(bridge.url, ['lunette', `lunette.bearer.${token()}`]), turnedAway);
});

guarded('a token in the fragment is used and taken out of the address', async ({ open, bridge }) => {
  const viewer = await open(`${bridge.url}#token=${TOKENS.control}`);
  await viewer.fresh();
  assert.equal(new URL(viewer.page.url()).hash, '');
  assert.equal(new URL(viewer.page.url()).search, '');
  await viewer.page.reload();
  await viewer.fresh();
});

guarded('without a token the page asks for one, and takes it', async ({ open, bridge }) => {
  const viewer = await open(bridge.url);
  const field = viewer.page.locator('input').first();
  await field.waitFor({ timeout: 8000 });
  await sleep(300);
  await viewer.shot('token-form');
  const { connections } = await viewer.stats();
  await sleep(3000);
  assert.equal((await viewer.stats()).connections, connections, 'it keeps trying without a token');
  await field.fill(TOKENS.view);
  await field.press('Enter');
  await viewer.fresh();
  await viewer.shot('view-only');
});

guarded('a wrong token is asked for again', async ({ open, bridge }) => {
  const viewer = await open(`${bridge.url}#token=${token()}`);
  await viewer.page.locator('input').first().waitFor({ timeout: 8000 });
  await viewer.shot('token-wrong');
});

guarded('who may only look types nothing', async ({ bridge }) => {
  const client = await Client.open(bridge.url, { token: TOKENS.view });
  await client.picture();
  client.send(Buffer.of(0x10, 0, 1, 0, 0, 30));
  client.send(Buffer.of(0x10, 0, 0, 0, 0, 30));
  await until(() => client.controls.some(({ refused }) => refused?.what === 'input'), { what: 'a refusal' });
  assert.deepEqual(bridge.input(), []);
  await client.leave();
  const post = (path, body, scope) => fetch(bridge.url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKENS[scope]}` } });
  assert.equal((await post('clipboard', { type: 'text', data: 'x' }, 'view')).status, 403);
  assert.equal((await post('exec', { command: ['true'] }, 'control')).status, 403);
});

guarded('a page of another origin gets nothing, whatever it tries', async ({ bridge, open }) => {
  const attack = createServer((request, response) => response.end('<title>attack</title>'));
  await new Promise((resolve) => attack.listen(0, '127.0.0.1', resolve));
  const from = `http://127.0.0.1:${attack.address().port}/`;
  const viewer = await open(from, { watch: 'nothing' });
  const tried = await viewer.page.evaluate(async ({ url, secret }) => {
    const socket = (protocols) => new Promise((resolve) => {
      const socket = new WebSocket(url.replace('http', 'ws') + 'ws/stream', protocols);
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('refused');
    });
    const read = (path, more) => fetch(url + path, more).then((answer) => (answer.type === 'opaque' ? 'opaque' : answer.status), () => 'refused');
    return {
      socket: await socket(['lunette', `lunette.bearer.${secret}`]),
      status: await read('status', { headers: { authorization: `Bearer ${secret}` } }),
      blind: await read('clipboard', { method: 'POST', mode: 'no-cors', body: '{"type":"text","data":"owned"}' }),
    };
  }, { url: bridge.url, secret: TOKENS.control });
  attack.close();
  assert.equal(tried.socket, 'refused');
  assert.equal(tried.status, 'refused');
  assert.equal(await handshake(bridge.url, { origin: from.slice(0, -1) }, ['lunette', `lunette.bearer.${TOKENS.control}`]), 403);
});

const openly = suite({ pattern: 'still', size: '640x480' });

openly('a name that is not loopback is refused although the server is open', async ({ bridge }) => {
  const { port } = bridge;
  const get = (host, more = []) => raw(port, ['GET /status HTTP/1.1', `Host: ${host}`, 'Connection: close', ...more]);
  assert.equal(await get(`127.0.0.1:${port}`), 200);
  assert.equal(await get(`localhost:${port}`), 200);
  assert.equal(await get(`[::1]:${port}`), 200);
  assert.equal(await get(`attacker.example:${port}`), 403);
  assert.equal(await get('attacker.example'), 403);
  assert.equal(await get('127.0.0.1.attacker.example'), 403);
  assert.equal(await get(`localhost:${port}`, ['Origin: http://attacker.example']), 403);
  assert.equal(await get(`localhost:${port}`, ['Origin: null']), 403);
  assert.ok([400, 403].includes(await raw(port, ['GET /status HTTP/1.1', 'Connection: close'])));
  assert.equal(await handshake(bridge.url, { host: 'attacker.example', origin: 'http://attacker.example' }), 403);
});

openly('a page of another port cannot open the stream of an open server', async ({ bridge }) => {
  assert.equal(await handshake(bridge.url, { origin: 'http://127.0.0.1:1' }), 403);
  assert.equal(await handshake(bridge.url, { origin: 'http://localhost.attacker.example' }), 403);
  assert.equal(await handshake(bridge.url, { origin: bridge.url.slice(0, -1) }), 101);
  assert.equal(await handshake(bridge.url, {}), 101);
});
