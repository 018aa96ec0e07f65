/** Commands of a candidate see the dependencies that the runtime installed for it, not those of the base. */
import type { Session } from './session.ts';

/** `installed`: the tree that they were installed for; none: the base's. */
export function installedFor(session: Session, installed: string | null | undefined): Session {
  if (installed === null || installed === undefined) return session;
  return { ...session, places: { ...session.places, mounts: () => session.places.mounts(installed) } };
}
