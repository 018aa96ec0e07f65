import * as users from '../users/users.js';
import { JOBS } from './jobs.js';

export function runJob(name, ...words) {
  const work = users[JOBS[name]];
  if (work === undefined) throw new Error(`job ${name}: src/users/users.js has no ${JOBS[name]}`);
  return work(...words);
}
