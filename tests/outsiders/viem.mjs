// viem signs, its own HTTP and WebSocket transports carry.
import { createClient, http, webSocket } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import WebSocket from 'ws';
import { check, developmentKey, domain, finish, head, limitOrder, startNode, types } from './support/node.mjs';
import { deposit, open } from './support/market.mjs';

globalThis.WebSocket ??= WebSocket;
const node = await startNode();
try {
  const trader = privateKeyToAccount(developmentKey('trader/0'));
  const maker = privateKeyToAccount(developmentKey('trader/1'));
  for (const { address } of [trader, maker]) {
    const answer = await deposit(node, address, 'USDC', '100000');
    check('a deposit is credited', answer.result?.credited === true, answer);
  }
  await open(node);

  const overHttp = createClient({ transport: http(node.url, { retryCount: 0 }) });
  const overWs = createClient({ transport: webSocket(node.ws, { retryCount: 0 }) });
  check('chain id', (await overHttp.request({ method: 'eth_chainId' })) === '0x7a69');

  const signed = async (account, primaryType, message) => ({
    ...message,
    signature: await account.signTypedData({ domain, types, primaryType, message }),
  });

  const ask = await overHttp.request({
    method: 'private/order',
    params: await signed(maker, 'Order',
      limitOrder(maker.address, { direction: 'sell', price: '60010', post_only: true, label: 'ask' })),
  });
  check('a post-only order rests', ask.order.order_state === 'open', ask);
  check('its label comes back', ask.order.label === 'ask', ask);

  const request = await signed(trader, 'Order',
    limitOrder(trader.address, { price: '60020' }));
  const taken = await overWs.request({ method: 'private/order', params: request });
  check('an order over WebSocket is filled', taken.order.order_state === 'filled', taken);
  check('at the maker\'s price', taken.trades[0]?.price === '60010', taken);
  const again = await overHttp.request({ method: 'private/order', params: request });
  check('the same request gives the same answer', again.index === taken.index &&
    again.order.order_id === taken.order.order_id, again);

  const positions = await overHttp.request({
    method: 'private/get_positions', params: { owner: trader.address },
  });
  check('the position is there', positions[0]?.size === '0.1', positions);

  const batch = {
    ...head(maker.address),
    orders: [],
    cancels: [],
  };
  for (const price of ['60030', '60040', '60050'])
    batch.orders.push({
      ...limitOrder(maker.address, { direction: 'sell', price }),
      nonce: batch.nonce,
      expires: batch.expires,
    });
  const mass = await overHttp.request({
    method: 'private/mass', params: await signed(maker, 'Batch', batch),
  });
  check('a batch places its orders', mass.orders?.length === 3 &&
    mass.orders.every((leg) => leg.order?.order_state === 'open'), mass);

  const all = await overHttp.request({
    method: 'private/cancel_all',
    params: await signed(maker, 'CancelAll', { ...head(maker.address), instrument_name: '' }),
  });
  check('cancel_all counts', all === 3, all);

  const forged = await signed(maker, 'Order', limitOrder(trader.address, {}));
  const refused = await overHttp.request({ method: 'private/order', params: forged })
    .then(() => null, (error) => error);
  check('another\'s signature is refused', refused?.cause?.code === 20001 ||
    refused?.code === 20001, refused);
  const unknown = await overHttp.request({ method: 'public/nothing' })
    .then(() => null, (error) => error);
  check('an unknown method is told apart', unknown?.code === -32601, unknown?.code);
} catch (error) {
  check('no exception', false, String(error?.stack ?? error));
} finally {
  check('the node ends well', (await node.stop()) === 0);
}
finish();
process.exit();
