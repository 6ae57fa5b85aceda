// Writes events of the protocol, in hosts with files.

import { closeSync, openSync, writeSync } from 'node:fs';

/** Appends events to the observation, each with a single write, so that a killed process leaves complete lines. */
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

  /** How the module is run: the path that the host chose for its kind. */
  executionPath(path) {
    this.write({ event: 'execution-path', path });
  }

  /** The last event; anything after it is not written. */
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
