// How a worker reports: lines on its console, which the driver reads.

import { EventLog, OutputStream } from '../report_shared.mjs';

// `captureConsole` replaces it.
const { log } = console;

function send(what) {
  log(JSON.stringify(what));
}

const CHUNK = 8 << 10;

function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

class Stream extends OutputStream {
  #name;

  constructor(name) {
    super();
    this.#name = name;
  }

  write(bytes) {
    if (bytes.length) send({ [this.#name]: base64(bytes) });
  }
}

export const stdout = new Stream('stdout');
export const stderr = new Stream('stderr');

export class Log extends EventLog {
  send(event) {
    send(event);
  }
}
