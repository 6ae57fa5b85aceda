// Reads the specification of a cell, in hosts with files.

import { readFileSync } from 'node:fs';
import { PROTOCOL_VERSION } from './protocol.mjs';

export function specification(path) {
  const spec = JSON.parse(readFileSync(path, 'utf8'));
  if (spec.protocol !== PROTOCOL_VERSION) throw new Error(`protocol ${spec.protocol}, this driver speaks ${PROTOCOL_VERSION}`);
  return spec;
}
