/** How many webhooks go to one host at once: a host that hangs holds its own slots, and of those fewer once it was seen to hang. */

const SLOTS_PER_HOST = 4;
/** Of one that gave no answer at the last try, until it gives one. */
const SLOTS_PER_SILENT_HOST = 1;
/** Silent hosts that are remembered, at most; who was silent first is forgotten first. */
const MAX_SILENT = 1000;

export interface HostSlots {
  readonly perHost: number;
  /** How many more may go to each host, where that is not `perHost`. */
  room(): ReadonlyMap<string, number>;
  begun(host: string): void;
  /** `answered`: whatever it said; undefined: it was not let come to an answer. True where another may wait for this slot. */
  ended(host: string, answered: boolean | undefined): boolean;
}

export function createHostSlots(): HostSlots {
  const underWay = new Map<string, number>();
  const silent = new Set<string>();
  const most = (host: string): number => (silent.has(host) ? SLOTS_PER_SILENT_HOST : SLOTS_PER_HOST);
  return {
    perHost: SLOTS_PER_HOST,
    room: () => new Map([...new Set([...underWay.keys(), ...silent])].map((host) => [host, most(host) - (underWay.get(host) ?? 0)])),
    begun: (host) => {
      underWay.set(host, (underWay.get(host) ?? 0) + 1);
    },
    ended: (host, answered) => {
      const before = underWay.get(host) ?? 0;
      const wasFull = before >= most(host);
      if (before <= 1) underWay.delete(host);
      else underWay.set(host, before - 1);
      if (answered === true) silent.delete(host);
      if (answered === false) {
        silent.add(host);
        const [first] = silent;
        if (silent.size > MAX_SILENT && first !== undefined) silent.delete(first);
      }
      return wasFull;
    },
  };
}
