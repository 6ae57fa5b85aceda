// Events of the protocol, written by a host that has files.

import { closeSync, openSync, writeSync } from 'node:fs';

/** Appends events to the observation, each in one write, so that a kill leaves whole lines. */
export class Log {
  #fd;
  #began = performance.now();

  constructor(path) {
    this.#fd = openSync(path, 'a');
  }

  write(event) {
    writeSync(this.#fd, `${JSON.stringify(event)}\n`);
  }

  stage(stage, more = {}) {
    this.write({ event: 'stage', stage, micros: this.#micros(), ...more });
  }

  /** How the module is run: which of the host's ways its kind leads to. */
  executionPath(path) {
    this.write({ event: 'execution-path', path });
  }

  /** The last event; another one after it is not written. */
  end(cause) {
    if (this.#fd === undefined) return;
    this.write({ event: 'end', cause, micros: this.#micros() });
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  #micros() {
    return Math.round((performance.now() - this.#began) * 1000);
  }
}
