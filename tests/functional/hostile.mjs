#!/usr/bin/env node
// Strangers at the door: garbage, floods, half requests, lies. Each gets a
// documented error or is hung up on; the node serves on and does not grow.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import WebSocket from '../outsiders/node_modules/ws/wrapper.mjs';
import { privateKeyToAccount } from '../outsiders/node_modules/viem/_esm/accounts/index.js';
import { check, developmentKey, domain, finish, limitOrder, startNode, types } from '../outsiders/support/node.mjs';
import { deposit, open, report } from '../outsiders/support/market.mjs';

const node = await startNode();
const { port } = new URL(node.url);
const alive = async (after) => {
  const answer = await node.call('public/test', {}).catch((error) => String(error));
  check(`the node serves on after ${after}`, Boolean(answer?.result?.version), answer);
};
const resident = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))[1]);

// Sends bytes to the port and resolves with what comes back until it closes.
const raw = (bytes, wait = 300) => new Promise((resolve) => {
  let seen = '';
  const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
  socket.on('data', (data) => { seen += data.toString('latin1'); });
  socket.on('error', () => {});
  socket.on('close', () => resolve(seen));
  setTimeout(() => socket.destroy(), wait);
});
const post = async (body) => {
  const response = await fetch(node.url, { method: 'POST', body });
  const text = await response.text();
  return { status: response.status, json: text ? JSON.parse(text) : null };
};

try {
  const account = privateKeyToAccount(developmentKey('trader/0'));
  await deposit(node, account.address, 'USDC', '10000');
  await open(node);

  // JSON that is none, and requests that are none.
  const bodies = [
    ['', -32700], ['{', -32700], ['nul', -32700], ['[1,]', -32700],
    ['{"a":1,"a":2}', -32600], ['"\\ud800"', -32700], ['\u0000', -32700],
    ['{"jsonrpc":"2.0","method":"public/test","params":{"x":1e999},"id":1}', -32602],
    ['1', -32600], ['"x"', -32600], ['[]', -32600], ['{}', -32600],
    ['{"jsonrpc":"1.0","method":"public/test","id":1}', -32600],
    ['{"jsonrpc":"2.0","method":7,"id":1}', -32600],
    ['{"jsonrpc":"2.0","method":"public/test","id":{}}', -32600],
    ['{"jsonrpc":"2.0","method":"nothing/here","id":1}', -32601],
    ['{"jsonrpc":"2.0","method":"admin/shutdown","id":1}', -32601],
    ['{"jsonrpc":"2.0","method":"public/test","params":[1],"id":1}', -32602],
    ['{"jsonrpc":"2.0","method":"public/test","params":{"y":1},"id":1}', -32602],
    ['{"jsonrpc":"2.0","method":"public/ticker","id":1}', -32602],
    ['{"jsonrpc":"2.0","method":"public/ticker","params":{"instrument_name":5},"id":1}', -32602],
    ['{"jsonrpc":"2.0","method":"public/get_block","params":{"height":99999999999999999999},"id":1}', -32602],
  ];
  for (const [body, code] of bodies) {
    const { json } = await post(body);
    check(`${JSON.stringify(body).slice(0, 60)} gives ${code}`, json?.error?.code === code, json);
  }
  const nested = await post('['.repeat(100000));
  check('deep nesting is refused', nested.json?.error?.code === -32700, nested.json);
  const batch = Array.from({ length: 101 }, (_, id) => ({ jsonrpc: '2.0', method: 'public/test', id }));
  check('a batch of 101 is refused', (await post(JSON.stringify(batch))).json?.error?.code === -32600);
  const mixed = await post('[1,{"jsonrpc":"2.0","method":"public/test","id":5}]');
  check('a batch answers each', mixed.json?.length === 2 && mixed.json[1].id === 5, mixed.json);
  await alive('broken JSON');

  // Orders that lie.
  const sign = async (message) => ({
    ...message,
    signature: await account.signTypedData({ domain, types, primaryType: 'Order', message }),
  });
  const codeOf = async (params) => (await node.call('private/order', params)).error?.code;
  const good = limitOrder(account.address, { price: '59000' });
  const cases = [
    ['a price off the tick', { price: '59000.05' }, 10043],
    ['an amount off the lot', { amount: '0.00015' }, 10021],
    ['no amount', { amount: '0' }, 10021],
    ['an unknown instrument', { instrument_name: 'XYZ-PERPETUAL' }, 10020],
    ['a price out of the band', { price: '70000' }, 20018],
    ['more than the money', { amount: '50' }, 10009],
    ['an expired request', { expires: '1000' }, 20002],
    ['a request for tomorrow', { expires: String(Date.now() + 90_000_000) }, 20003],
    ['a reduce-only order without a position', { reduce_only: true }, 20019],
  ];
  let nonce = BigInt(good.nonce);
  for (const [what, change, code] of cases) {
    const params = await sign({ ...good, ...change, nonce: String(++nonce + 1_000_000n) });
    const seen = await codeOf(params);
    check(`${what} gives ${code}`, seen === code, seen);
  }
  check('a JSON number for money is refused',
    await codeOf({ ...(await sign(good)), price: 59000.5 }) === -32602);
  check('another domain\'s signature is refused', await codeOf({
    ...good,
    signature: await account.signTypedData({
      domain: { ...domain, chainId: 1 }, types, primaryType: 'Order', message: good }),
  }) === 20001);
  const signed = await sign(good);
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = BigInt(`0x${signed.signature.slice(66, 130)}`);
  const twin = `${signed.signature.slice(0, 66)}${(order - s).toString(16).padStart(64, '0')}${
    signed.signature.endsWith('1b') ? '1c' : '1b'}`;
  check('the high-s twin is refused', await codeOf({ ...signed, signature: twin }) === -32602);
  check('a stranger is refused before anything', await (async () => {
    const stranger = privateKeyToAccount(developmentKey('stranger/1'));
    const message = limitOrder(stranger.address, {});
    return codeOf({ ...message,
      signature: await stranger.signTypedData({ domain, types, primaryType: 'Order', message }) });
  })() === 20012);
  const first = await node.call('private/order', signed);
  check('the honest order rests', first.result?.order?.order_state === 'open', first);
  const other = await sign({ ...good, price: '58000' });
  check('its nonce is used', await codeOf(other) === 20004);

  // Reports from nobody, from the past and the future, with absurd values.
  for (const payload of ['0x', '0x00', `0x${'ff'.repeat(100)}`, '0xzz']) {
    const answer = await node.call('public/submit_oracle_report', { payload });
    check(`report ${payload.slice(0, 10)} is refused`, answer.error?.code === -32602, answer);
  }
  const absurd = await report(node, { BTC: 0, ETH: 9e9 });
  check('absurd prices are not taken', absurd.result?.packages?.every((p) => !p.accepted), absurd);
  await alive('lies');

  // Bytes that are no protocol.
  await raw('\u0000\u0001\u0002'.repeat(1000));
  await raw('GET / HTTP/1.1\r\n\r\n'.repeat(50));
  await raw('POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n');
  await raw('POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
  await raw(`GET /${'a'.repeat(200000)} HTTP/1.1\r\n\r\n`);
  await raw('GET /ws/api/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n');
  await alive('bytes that are no protocol');
  const large = await fetch(node.url, { method: 'POST', body: 'x'.repeat(300_000) }).catch(() => ({ status: 413 }));
  check('an oversized body is refused', large.status === 413, large.status);
  const closed = await new Promise((resolve) => {
    const ws = new WebSocket(node.ws);
    ws.on('open', () => ws.send('x'.repeat(300_000)));
    ws.on('close', (code) => resolve(code));
    ws.on('error', () => {});
  });
  check('an oversized message closes with 1009', closed === 1009, closed);

  // Readers that never read, connections that never speak.
  const before = resident();
  const idle = Array.from({ length: 50 }, () => net.connect(port, '127.0.0.1'));
  const lazy = net.connect(port, '127.0.0.1');
  lazy.on('error', () => {});
  lazy.pause();
  const request = 'GET /api/v2/public/get_instruments HTTP/1.1\r\nHost: x\r\n\r\n';
  for (let i = 0; i < 2000; i++) lazy.write(request);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await alive('a reader that never reads');
  for (const socket of idle) socket.destroy();
  lazy.destroy();
  for (let i = 0; i < 3000; i++) await post('{"jsonrpc":"2.0","method":"public/x","id":1}');
  check('memory does not grow', resident() < before + 40_000, { before, after: resident() });
  await alive('everything');
} catch (error) {
  check('no exception', false, String(error?.stack ?? error));
} finally {
  check('the node ends well', (await node.stop()) === 0);
}
finish();
process.exit();
