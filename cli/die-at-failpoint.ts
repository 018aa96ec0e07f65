/** A process of the demo that goes on with a thread and dies by SIGKILL at a named point: `die-at-failpoint.js <home> <thread> <point>`. */
import { onFailpoint } from '../domain/failpoint.ts';
import { openOperations } from '../runtime/operations.ts';

const [home = '', thread = '', point = ''] = process.argv.slice(2);
onFailpoint((reached) => {
  if (reached === point) process.kill(process.pid, 'SIGKILL');
});
const operations = await openOperations({ home, env: process.env, demo: true });
await operations.resume(thread);
await operations.close();
