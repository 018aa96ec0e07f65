/** Drives one thread in a process of its own: `drive.ts <home> <thread>`; says "up" once it holds the lease. */
import { openOperations } from '../../graphs/entry.ts';

const [home = '', thread = ''] = process.argv.slice(2);
const operations = await openOperations({ home, env: { PATH: process.env['PATH'] ?? '' } });
process.stdout.write('up\n');
const result = await operations.resume(thread);
process.stdout.write(`${result.status}\n`);
await operations.close();
