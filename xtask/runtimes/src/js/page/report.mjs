// How a page reports: each report is a request that the page waits for, so that whatever was reported before a guest
// hangs or the page crashes has arrived.

import { EventLog, OutputStream } from '../report_shared.mjs';

/** Sends bytes or text and returns the response's bytes, one per character. */
function post(target, body) {
  const request = new XMLHttpRequest();
  request.open('POST', target, false);
  request.overrideMimeType('text/plain; charset=x-user-defined');
  request.send(body);
  return request.responseText;
}

const SINGLE = 256;
const PIECE = 64 << 10;

/** The first writes are sent one by one, a flood in larger pieces. */
class Stream extends OutputStream {
  #target;
  #sent = 0;
  #held = [];
  #size = 0;
  #last = 0;

  constructor(target) {
    super();
    this.#target = target;
  }

  write(bytes) {
    this.#held.push(bytes.slice());
    this.#size += bytes.length;
    if (++this.#sent <= SINGLE || this.#size >= PIECE || performance.now() - this.#last > 20) this.flush();
  }

  flush() {
    if (!this.#size) return;
    post(this.#target, new Blob(this.#held));
    this.#held = [];
    this.#size = 0;
    this.#last = performance.now();
  }
}

export const stdout = new Stream('/stdout');
export const stderr = new Stream('/stderr');

/** At most `size` bytes of the guest's stdin; waits for the first one. */
export function stdin(size) {
  stdout.flush();
  return Uint8Array.from(post('/stdin', String(size)), (c) => c.charCodeAt(0) & 0xff);
}

export class Log extends EventLog {
  send(event) {
    stdout.flush();
    stderr.flush();
    post('/event', JSON.stringify(event));
  }
}
