// ethers signs and speaks through its own provider, single and batched.
import { JsonRpcProvider, Wallet, WebSocketProvider } from 'ethers';
import { check, developmentKey, domain, finish, head, limitOrder, startNode, types } from './support/node.mjs';
import { deposit, open } from './support/market.mjs';

const node = await startNode();
try {
  const wallet = new Wallet(developmentKey('trader/2'));
  const answer = await deposit(node, wallet.address, 'USDC', '50000');
  check('a deposit is credited', answer.result?.credited === true, answer);
  await open(node);

  const provider = new JsonRpcProvider(node.url, 31337, { staticNetwork: true });
  const socket = new WebSocketProvider(node.ws, 31337, { staticNetwork: true });
  check('chain id', (await new JsonRpcProvider(node.url).getNetwork()).chainId === 31337n);

  const { Order, Cancel } = types;
  const order = limitOrder(wallet.address, { price: '59000' });
  order.signature = await wallet.signTypedData(domain, { Order }, order);
  // ethers sends what it is given: an object of named parameters.
  const placed = await provider.send('private/order', order);
  check('an order rests', placed.order.order_state === 'open', placed);

  const cancel = { ...head(wallet.address), order_id: placed.order.order_id };
  cancel.signature = await wallet.signTypedData(domain, { Cancel }, cancel);
  const gone = await socket.send('private/cancel', cancel);
  check('a cancel over WebSocket', gone.order_state === 'cancelled', gone);

  // Several calls at once leave as one JSON-RPC batch.
  const many = await Promise.all([
    provider.send('public/get_time', {}),
    provider.send('public/test', {}),
    provider.send('public/get_instruments', {}),
  ]);
  check('a batch of reads', many[0] > 0 && many[1].version && many[2].length === 3, many);

  const debug = await provider.send('private/order_debug', { ...order });
  check('order_debug names the signer', debug.signer === wallet.address, debug);
  check('order_debug changes nothing', (await provider.send('private/get_open_orders',
    { owner: wallet.address })).length === 0);
  socket.destroy();
  provider.destroy();
} catch (error) {
  check('no exception', false, String(error?.stack ?? error));
} finally {
  check('the node ends well', (await node.stop()) === 0);
}
finish();
process.exit();
