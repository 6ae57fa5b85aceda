// Jobs that a script does one after the other, because starting it takes longer than most of them.

import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Does a job for each line on stdin, and answers with `done`, or `failed` if it throws. */
export async function runJobs(job) {
  // Each job may listen for failures of the process.
  process.setMaxListeners(0);
  for await (const name of createInterface({ input: process.stdin })) {
    const failed = await job(name).then(() => false, () => true);
    // What a job left behind must fail now, unheard, not during the next one.
    await new Promise((resolve) => setTimeout(resolve, 1));
    writeSync(1, failed ? 'failed\n' : 'done\n');
  }
}
