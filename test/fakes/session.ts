/** A session for code that uses a part of one. */
import type { Session, SessionDoors, SessionFacts, SessionPlaces, SessionStores } from '../../nodes/session.ts';
import { only } from './only.ts';

interface Given extends Partial<Pick<Session, 'machineMs' | 'checkpointReached' | 'left' | 'signal'>> {
  readonly facts?: Partial<SessionFacts>;
  readonly stores?: { readonly [Store in keyof SessionStores]?: Partial<SessionStores[Store]> };
  readonly doors?: Partial<SessionDoors>;
  readonly places?: Partial<SessionPlaces>;
}

/** Nothing aborts it, and its clock stands at zero. */
export function fakeSession({ facts = {}, stores = {}, doors = {}, places = {}, ...more }: Given = {}): Session {
  const part = <Name extends keyof SessionStores>(name: Name): SessionStores[Name] =>
    only<SessionStores[Name]>(`session.stores.${name}`, stores[name] ?? {});
  return only<Session>('session', {
    facts: only<SessionFacts>('session.facts', facts),
    stores: {
      attempts: part('attempts'),
      effects: part('effects'),
      transcripts: part('transcripts'),
      ledger: part('ledger'),
      approvals: part('approvals'),
      audit: part('audit'),
      dossier: part('dossier'),
    },
    doors: only<SessionDoors>('session.doors', doors),
    places: only<SessionPlaces>('session.places', places),
    clock: { now: () => 0, monotonic: () => 0 },
    signal: new AbortController().signal,
    ...more,
  });
}
