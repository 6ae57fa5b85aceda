// How a page reports: each report is a request that the page waits for, so that whatever was reported before a guest
// hangs or the page crashes has arrived.

/** Sends bytes or text and returns the response's bytes, one per character. */
export function post(target, body) {
  const request = new XMLHttpRequest();
  request.open('POST', target, false);
  request.overrideMimeType('text/plain; charset=x-user-defined');
  request.send(body);
  return request.responseText;
}

const SINGLE = 256;
const PIECE = 64 << 10;

/** An output stream of the guest. The first writes are sent one by one, a flood in larger pieces. */
class Stream {
  #target;
  #sent = 0;
  #held = [];
  #size = 0;
  #last = 0;

  constructor(target) {
    this.#target = target;
  }

  write(bytes) {
    this.#held.push(bytes.slice());
    this.#size += bytes.length;
    if (++this.#sent <= SINGLE || this.#size >= PIECE || performance.now() - this.#last > 20) this.flush();
  }

  print(text) {
    this.write(new TextEncoder().encode(`${text}\n`));
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

/** The page's counterpart of `log.mjs`; the driver adds the time. */
export class Log {
  #ended = false;

  write(event) {
    if (this.#ended) return;
    stdout.flush();
    stderr.flush();
    post('/event', JSON.stringify(event));
  }

  stage(stage, more = {}) {
    this.write({ event: 'stage', stage, micros: 0, ...more });
  }

  /** As in `log.mjs`. */
  executionPath(path) {
    this.write({ event: 'execution-path', path });
  }

  end(cause) {
    this.write({ event: 'end', cause, micros: 0 });
    this.#ended = true;
  }
}

/** Sends console output to the guest's streams: errors and warnings to stderr. */
export function captureConsole() {
  const words = (args) => args.map((a) => (typeof a === 'object' && a && !(a instanceof Error) ? JSON.stringify(a) : String(a))).join(' ');
  for (const [names, stream] of [[['log', 'info', 'debug'], stdout], [['warn', 'error'], stderr]]) {
    for (const name of names) console[name] = (...args) => stream.print(words(args));
  }
}
