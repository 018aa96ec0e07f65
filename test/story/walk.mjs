/**
 * A process that takes a thread to its end, approving whatever waits: `walk.mjs <home> <thread> '<json>'`.
 * `trace` names a file that gets every failpoint reached. At the `nth` time of a point, `kill` dies by SIGKILL, `freeze` stops itself
 * by SIGSTOP, `starve` blocks the event loop for `ms`. `skewMs` moves the clock. `synced` names a file that gets how long the database's
 * log was when the head of the audit trail was last written: so much of it a power cut leaves. Runs the built package, so that a hundred starts
 * cost little.
 * The last line of its output is the result.
 */
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const [home, thread, text = '{}'] = process.argv.slice(2);
const { trace, kill, freeze, starve, synced, skewMs = 0 } = JSON.parse(text);
const now = Date.now;
Date.now = () => now() + skewMs;

const dist = new URL('../../dist/', import.meta.url);
const { openOperations } = await import(new URL('runtime/operations.js', dist).href);
const { onFailpoint } = await import(new URL('domain/failpoint.js', dist).href);

let head = '';
/** Every relaxed commit has a point before it, so none of them is in the length yet. */
function noteSynced() {
  const now = readFileSync(`${home}/audit.head`, { encoding: 'utf8', flag: 'a+' });
  if (now !== head) writeFileSync(synced, String(statSync(`${home}/governor.sqlite-wal`).size));
  head = now;
}

const counts = new Map();
const isAt = (place, point) => point === place?.point && counts.get(point) === place.nth;
onFailpoint((point) => {
  if (trace !== undefined) appendFileSync(trace, `${point}\n`);
  if (synced !== undefined) noteSynced();
  counts.set(point, (counts.get(point) ?? 0) + 1);
  if (isAt(kill, point)) process.kill(process.pid, 'SIGKILL');
  if (isAt(freeze, point)) process.kill(process.pid, 'SIGSTOP');
  if (isAt(starve, point)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, starve.ms);
});

process.on('uncaughtException', (error) => {
  process.stdout.write(`${JSON.stringify({ thrown: error.code ?? error.name, message: error.message })}\n`);
  process.exit(1);
});
const operations = await openOperations({ home, env: { PATH: process.env.PATH ?? '', IMITATION_KEY: process.env.IMITATION_KEY } });
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
