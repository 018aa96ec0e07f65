/** A server from the sources that kills itself at a named point: `cron-dies.mjs <home> <point>`. */
import { onFailpoint } from '../../domain/failpoint.ts';
import { openRuntime } from '../../runtime/runtime.ts';
import { LIMITS, serve } from '../../server/serve.ts';

const [home = '', point = ''] = process.argv.slice(2);
onFailpoint((reached) => {
  if (reached === point) process.kill(process.pid, 'SIGKILL');
});
const config = new URL('../server/fixtures/flows/langgraph.json', import.meta.url).pathname;
const runtime = await openRuntime({ home, env: { PATH: process.env['PATH'] ?? '' } });
await serve({ runtime, host: '127.0.0.1', port: 0, config, limits: { ...LIMITS, concurrency: 0 }, log: () => undefined });
