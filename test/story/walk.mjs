/**
 * A process that takes a thread to its end, approving whatever waits: `walk.mjs <home> <thread> '<json>'`.
 * `trace` names a file that gets every failpoint reached; `kill: { point, nth }` dies by SIGKILL there. Runs the built package,
 * so that a hundred starts cost little. The last line of its output is the result.
 */
import { appendFileSync } from 'node:fs';
import process from 'node:process';

const dist = new URL('../../dist/', import.meta.url);
const { openOperations } = await import(new URL('graphs/entry.js', dist).href);
const { onFailpoint } = await import(new URL('domain/failpoint.js', dist).href);

const [home, thread, text = '{}'] = process.argv.slice(2);
const { trace, kill } = JSON.parse(text);
let hits = 0;
onFailpoint((point) => {
  if (trace !== undefined) appendFileSync(trace, `${point}\n`);
  if (point !== kill?.point) return;
  hits += 1;
  if (hits === kill.nth) process.kill(process.pid, 'SIGKILL');
});

const operations = await openOperations({ home, env: { PATH: process.env.PATH ?? '' } });
process.stdout.write('up\n');
let result = await operations.resume(thread);
while (result.status === 'waiting') {
  const gate = await operations.gate(thread);
  if (gate === undefined) throw new Error(`thread ${thread} waits, and no gate is open`);
  await operations.decide(thread, { decision: 'approved', subject: gate.row.subject.digest, comment: 'as shown' });
  result = await operations.resume(thread);
}
process.stdout.write(`${JSON.stringify(result)}\n`);
await operations.close();
