// The way out of a worker: lines of its console, which the driver reads.

const { log } = console;

function say(what) {
  log(JSON.stringify(what));
}

const CHUNK = 8 << 10;

function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** One of the guest's streams. */
class Stream {
  #name;

  constructor(name) {
    this.#name = name;
  }

  write(bytes) {
    if (bytes.length) say({ [this.#name]: base64(bytes) });
  }

  print(text) {
    this.write(new TextEncoder().encode(`${text}\n`));
  }

  flush() {}
}

export const stdout = new Stream('stdout');
export const stderr = new Stream('stderr');

/** The worker's side of `log.mjs`; the driver puts the time. */
export class Log {
  #ended = false;

  write(event) {
    if (!this.#ended) say(event);
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

/** What is said to the console goes to the guest's streams: errors and warnings to stderr. */
export function captureConsole() {
  const words = (args) => args.map((a) => (typeof a === 'object' && a && !(a instanceof Error) ? JSON.stringify(a) : String(a))).join(' ');
  for (const [names, stream] of [[['log', 'info', 'debug'], stdout], [['warn', 'error'], stderr]]) {
    for (const name of names) console[name] = (...args) => stream.print(words(args));
  }
}
