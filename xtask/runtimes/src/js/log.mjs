// Writes events of the protocol, in hosts with files.

import { closeSync, openSync, writeSync } from 'node:fs';
import { EventLog } from './report_shared.mjs';

/** Appends events to the observation, each with a single write, so that a killed process leaves complete lines. */
export class Log extends EventLog {
  #fd;
  #began = performance.now();

  constructor(path) {
    super();
    this.#fd = openSync(path, 'a');
  }

  send(event) {
    writeSync(this.#fd, `${JSON.stringify(event)}\n`);
  }

  end(cause) {
    if (this.ended) return;
    super.end(cause);
    closeSync(this.#fd);
  }

  micros() {
    return Math.round((performance.now() - this.#began) * 1000);
  }
}
