/** The trail of a home against what repositories say of its releases. */
import type { AuditVerdict } from '../../domain/audit.ts';
import type { Repository } from '../../domain/workspace.ts';
import { olderHomeWords, unknownReleases } from '../../nodes/deploy/older-home.ts';
import { openRepository } from '../../tools/repository.ts';
import type { Runtime } from '../runtime.ts';

/** Repositories that a verification looks into: those of the newest runs. */
const MAX_REPOSITORIES = 50;

/** One sentence where a repository holds releases of this home that its trail does not have. `commit`: default all its branches. */
export async function olderHomeWarning({ stores }: Runtime, repository: Repository, commit?: string): Promise<string[]> {
  const unknown = await unknownReleases(stores.audit, await repository.releases(commit));
  return unknown.length === 0 ? [] : [olderHomeWords(repository.path, unknown)];
}

/** The trail by itself, then against every repository of its runs that is still there. */
export async function verifyAudit(runtime: Runtime): Promise<AuditVerdict> {
  const { audit, runs } = runtime.stores;
  const verdict = await audit.verify();
  if (verdict.kind === 'broken') return verdict;
  const paths = new Set((await runs.list()).map(({ input }) => input.repo));
  for (const path of [...paths].slice(0, MAX_REPOSITORIES)) {
    // One that was moved or removed proves nothing.
    const repository = await openRepository(path, runtime.home).catch(() => undefined);
    try {
      const [problem] = repository === undefined ? [] : await olderHomeWarning(runtime, repository);
      if (problem !== undefined) return { kind: 'broken', seq: verdict.records + 1, problem };
    } finally {
      repository?.close();
    }
  }
  return verdict;
}
