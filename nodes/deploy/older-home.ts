/** A home that was restored from an older backup is known by the target: it carries releases of this home that its trail does not have. */
import { StopError } from '../../domain/errors.ts';
import type { Audit } from '../../domain/ports.ts';
import type { FoundRelease } from '../../domain/release-trailers.ts';
import type { Session } from '../session.ts';

type Trail = Pick<Audit, 'home' | 'read'>;

/** Those that this home made and does not know. One that another home made, or that a person copied, is none. */
export async function unknownReleases(audit: Trail, found: readonly FoundRelease[]): Promise<FoundRelease[]> {
  const home = await audit.home();
  const unknown: FoundRelease[] = [];
  for (const release of found) if ((await isOwn(audit, release, home)) && !(await isKnown(audit, release))) unknown.push(release);
  return unknown;
}

/** Before releases named their home, a thread of this home was known by its id. */
async function isOwn(audit: Trail, { home, threadId }: FoundRelease, own: string | undefined): Promise<boolean> {
  return home === null ? (await audit.read({ threadId, limit: 1 })).length > 0 : home === own;
}

/** A release is written down before it is made. A thread has one: another commit of it is a person's copy, as `git cherry-pick` makes. */
async function isKnown(audit: Trail, { commit, threadId }: FoundRelease): Promise<boolean> {
  const intents = await audit.read({ threadId, action: 'release-intent' });
  if (intents.some(({ facts }) => facts?.['commit'] === commit)) return true;
  return (await audit.read({ threadId, action: 'release-applied', limit: 1 })).length > 0;
}

/** What is wrong and what to do, in one sentence. */
export function olderHomeWords(place: string, unknown: readonly FoundRelease[]): string {
  const [first, ...others] = unknown;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `${place}: holds release ${first?.commit.slice(0, 12)} of thread ${first?.threadId}${more}, made by this home, whose trail does not have it: the home was restored from an older backup. Restore the newest backup; to go on with this one, look at what was released (git show ${first?.commit.slice(0, 12)}) and start new runs for what is left`;
}

/** Nothing is released twice. `commit`: what the target stands at; default all branches of the repository. @throws StopError `HOME_OUTDATED`. */
export async function assertNotReleased(session: Session, commit?: string): Promise<void> {
  const { repository } = session.places;
  const own = (await repository.releases(commit)).filter(({ threadId }) => threadId === session.facts.threadId);
  const unknown = await unknownReleases(session.stores.audit, own);
  if (unknown.length > 0) throw new StopError('HOME_OUTDATED', `${olderHomeWords(repository.path, unknown)}. Nothing was released`);
}
