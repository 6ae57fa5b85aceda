// How a script reports: events of the protocol, and what the guest prints.

/**
 * Events of the observation. Subclasses implement `send(event)`, and `micros()` unless the driver measures the time.
 */
export class EventLog {
  #ended = false;

  get ended() {
    return this.#ended;
  }

  micros() {
    return 0;
  }

  write(event) {
    if (!this.#ended) this.send(event);
  }

  stage(stage, more = {}) {
    this.write({ event: 'stage', stage, micros: this.micros(), ...more });
  }

  /** How the module is run: the path that the host chose for its kind. */
  executionPath(path) {
    this.write({ event: 'execution-path', path });
  }

  /** The last event; anything after it is not written. */
  end(cause) {
    this.write({ event: 'end', cause, micros: this.micros() });
    this.#ended = true;
  }
}

/** An output stream of the guest. Subclasses implement `write(bytes)`, and `flush()` if they hold bytes back. */
export class OutputStream {
  print(text) {
    this.write(new TextEncoder().encode(`${text}\n`));
  }

  flush() {}
}

/** Sends console output to the guest's streams: errors and warnings to stderr. */
export function captureConsole(stdout, stderr) {
  const lineOf = (args) => args.map((a) => (typeof a === 'object' && a && !(a instanceof Error) ? JSON.stringify(a) : String(a))).join(' ');
  for (const [names, stream] of [[['log', 'info', 'debug'], stdout], [['warn', 'error'], stderr]]) {
    for (const name of names) console[name] = (...args) => stream.print(lineOf(args));
  }
}
