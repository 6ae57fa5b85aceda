// The JavaScript side of the protocol in `xtask/protocol`: how a cell ends.

export const PROTOCOL_VERSION = 5;

/** Thrown to end the cell; `cause` is a `Cause` of the protocol. */
export class CellEnd {
  constructor(kind, fields = {}) {
    this.cause = { kind, ...fields };
  }
}

/** The cause to report for whatever was thrown. */
export function causeOfThrown(error) {
  return error instanceof CellEnd ? error.cause : { kind: 'engine-error', message: String(error?.stack ?? error) };
}
