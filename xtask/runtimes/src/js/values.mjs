// Values in the form that engines written in Rust print: `i32:-1`, `f64:0.5`.

import { CellEnd } from './protocol.mjs';

export function split(text) {
  const at = text.indexOf(':');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The type as named by `Value`: all reference types have one name. */
export function short(type) {
  return /^([if](32|64)|v128)$/.test(type) ? type : 'ref';
}

export function toJs([type, text]) {
  switch (type) {
    case 'i64': return BigInt(text);
    case 'v128': throw new CellEnd('host-error', { message: 'a v128 cannot cross to JavaScript' });
    case 'ref': return null;
    default: return { nan: NaN, inf: Infinity, '-inf': -Infinity }[text] ?? Number(text);
  }
}

export function toText(value, type) {
  switch (short(type)) {
    case 'i32': return `i32:${value | 0}`;
    case 'i64': return `i64:${BigInt.asIntN(64, value)}`;
    case 'ref': return value === null ? 'ref:null' : 'ref:non-null';
    default: return `${type}:${float(value, type)}`;
  }
}

/** The shortest digits that give the same number, never with an exponent, as printed by Rust. */
function float(value, type) {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  let number = Math.abs(value);
  if (type === 'f32') {
    for (let digits = 1; digits <= 9; digits++) {
      const shorter = Number(number.toPrecision(digits));
      if (Math.fround(shorter) === number) {
        number = shorter;
        break;
      }
    }
  }
  const [mantissa, exponent = '0'] = String(number).split('e');
  const [whole, fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * The guest's arguments, with the descriptor that a preopened socket would have. Neither node:wasi nor a page supports
 * such sockets, and the guest reports what it finds there.
 */
export function guestArgs({ args = [], dirs = [], sockets = [] }) {
  return sockets.length ? args.map((arg) => arg.replaceAll('{socket-fd}', String(3 + dirs.length))) : args;
}

/** The bytes of a file as the driver lists it. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
