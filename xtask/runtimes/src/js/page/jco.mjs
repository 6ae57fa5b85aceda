// Runs a component in a page.

import { runTranspiled } from '../jco_shared.mjs';
import { stderr, stdin, stdout } from './report.mjs';
import * as cli from '/packages/@bytecodealliance/preview2-shim/dist/browser/cli.js';
import * as filesystem from '/packages/@bytecodealliance/preview2-shim/dist/browser/filesystem.js';

export function run(spec, log) {
  return runTranspiled(spec, log, {
    translated: async () => (await fetch('/component/guest.js')).text(),
    load: () => import('/component/entry.js'),
    packages: '/packages',
    cli,
    filesystem,
    read: (size) => {
      const bytes = stdin(size);
      return bytes.length ? bytes : undefined;
    },
    stdout,
    stderr,
  });
}
