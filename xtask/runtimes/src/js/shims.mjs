// jco's WASI shims outside of a page, preview2-shim for 0.2 and preview3-shim for 0.3: a guest sees nothing of the
// machine through them but the cell's inputs.

import { Worker } from 'node:worker_threads';
import { configure } from './component.mjs';
import { CellEnd } from './protocol.mjs';

/** Removes their defaults: the host's arguments, environment, files and network. */
export async function configureShims(spec, { 2: older, 3: newer }, isNewer) {
  const dirs = Object.fromEntries((spec.dirs ?? []).map((dir) => [dir.guest, dir.host]));
  for (const shim of isNewer ? [older, newer] : [older]) {
    const cli = await import(`${shim}/cli.js`);
    configure(cli, '_setArgs', spec.args);
    configure(cli, '_setEnv', spec.env);
    configure(await import(`${shim}/filesystem.js`), '_setPreopens', dirs);
  }
  if (spec.network !== 'none') return;
  await denyNetwork(older);
  if (isNewer) await denyNetworkOfNewer(newer);
}

async function denyNetwork(shim) {
  const deny = { 'sockets.js': ['_denyTcp', '_denyUdp', '_denyDnsLookup'], 'http.js': ['_denyHttp'] };
  for (const [file, names] of Object.entries(deny)) {
    const module = await import(`${shim}/${file}`);
    for (const name of names) configure(module, name);
  }
}

/** This shim has no switch for it, so its network functions are replaced before the transpiled code imports them. */
async function denyNetworkOfNewer(shim) {
  const { types, ipNameLookup } = await import(`${shim}/sockets.js`);
  const { client } = await import(`${shim}/http.js`);
  const ways = [
    [types.TcpSocket, 'create', 'access-denied'],
    [types.UdpSocket, 'create', 'access-denied'],
    [ipNameLookup, 'resolveAddresses', 'access-denied'],
    [client, 'send', 'HTTP-request-denied'],
  ];
  for (const [object, name, tag] of ways) {
    if (typeof object?.[name] !== 'function') {
      throw new CellEnd('engine-error', { message: `preview3-shim has no ${name}: what it has instead would give the guest the network` });
    }
    object[name] = () => {
      throw Object.assign(new Error(tag), { payload: { tag } });
    };
  }
}

/**
 * Watches a feature that the WASI 0.3 shim depends on: it transfers every stream to or from a worker. If a host refuses
 * that, the guest only sees an I/O error; this returns the actual reason for such an end.
 */
export function watchTransfers() {
  const { postMessage } = Worker.prototype;
  let refused;
  Worker.prototype.postMessage = function (message, transferred) {
    try {
      return postMessage.call(this, message, transferred);
    } catch (error) {
      refused ??= error.message;
      throw error;
    }
  };
  return (end) => {
    const reason = refused ?? /DataCloneError\]?: ([^\])]+)/.exec(end.cause?.message)?.[1];
    const message = `it transfers no stream between a worker and its parent, which preview3-shim does with each: ${reason}`;
    return reason ? new CellEnd('unsupported', { feature: 'transferable-streams', message }) : end;
  };
}
