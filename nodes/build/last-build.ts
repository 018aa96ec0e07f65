/** The build that a review or a rejection is about, as their files name it. */
import { type BuildBody, buildBodySchema, type FileRef } from '../../domain/handoff.ts';
import { bodyOf, type Session } from '../session.ts';

/** The newest among them; undefined where none names a build. */
export async function lastBuild(session: Session, about: readonly (FileRef | null)[]): Promise<BuildBody | undefined> {
  const refs: FileRef[] = [];
  for (const ref of about) if (ref !== null) refs.push(...(await session.stores.dossier.readVerified(session.facts.threadId, ref)).inputs);
  const builds = refs.flatMap((ref) => {
    const number = /^20-build\.(\d+)\.json$/.exec(ref.path)?.[1];
    return number === undefined ? [] : [{ ref, number: Number(number) }];
  });
  const newest = builds.toSorted((a, b) => b.number - a.number)[0];
  return newest === undefined ? undefined : bodyOf(session, newest.ref, buildBodySchema);
}
