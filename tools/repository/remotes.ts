/** The remotes of the user's repository: asked for a branch, and pushed to with a lease. */
import { isAbsolute, resolve } from 'node:path';
import { StopError, toError } from '../../domain/errors.ts';
import { failpoint } from '../../domain/failpoint.ts';
import { lineOf, type Part, type RepositoryPlace, theirs } from './place.ts';

const TIMEOUT_MS = 120_000;

export function remotesOf(place: RepositoryPlace): Part<'remoteTip' | 'push'> {
  return {
    remoteTip: async (remote, branch) => {
      try {
        const asked = ['ls-remote', '--', await urlOf(place, remote), `refs/heads/${branch}`];
        const row = lineOf(await theirs(place, asked, { timeoutMs: TIMEOUT_MS }));
        return row.split('\t')[0] || undefined;
      } catch (error) {
        if (error instanceof StopError) throw error;
        throw new StopError('DEPLOY_FAILED', `remote ${remote}: ${toError(error).message}`, { cause: error });
      }
    },
    push: async (remote, id, branch, from) => {
      const ref = `refs/heads/${branch}`;
      const lease = `--force-with-lease=${ref}:${from ?? ''}`;
      failpoint('push:before');
      const result = await theirs(
        place,
        ['push', '--atomic', '--no-verify', '--porcelain', lease, '--', await urlOf(place, remote), `${id}:${ref}`],
        { okCodes: [1, 128], timeoutMs: TIMEOUT_MS },
      );
      failpoint('push:after');
      if (result.code === 0) return 'pushed';
      const said = `${result.stdout.toString('utf8')}\n${result.stderr}`;
      if (/stale info|fetch first|non-fast-forward|cannot lock ref/.test(said)) return 'moved';
      throw new StopError('DEPLOY_FAILED', `push to ${remote} ${branch}: ${said.trim().slice(0, 500)}`);
    },
  };
}

async function urlOf(place: RepositoryPlace, remote: string): Promise<string> {
  const url = lineOf(await theirs(place, ['config', '--get', `remote.${remote}.url`], { okCodes: [1] }));
  if (url === '') throw new StopError('DEPLOY_FAILED', `remote ${JSON.stringify(remote)}: ${place.path} has no such remote`);
  return /^[a-z+]+:\/\/|^[^/]+@[^/]+:/.test(url) || isAbsolute(url) ? url : resolve(place.path, url);
}
