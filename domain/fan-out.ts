/** The question at the budget gate whether a fan-out may run: what stops the build there, and its subject. */

/** The facts of the stop that leads there, and the members of the subject that is decided on. */
export interface FanOutFacts {
  /** Digest of the tasks and of the answer that delegates them. */
  readonly fan_out: string;
  readonly attempt: number;
  /** The number of the lead's answer: the ids of its sub-agents begin with it. */
  readonly call: number;
  readonly agents: number;
  readonly worst_case_micro_usd: number;
  /** Micro-dollars and model calls of each task, `<money>/<calls>,...`. */
  readonly shares: string;
  /** JSON: the titles of the first tasks. */
  readonly titles: string;
}

type Facts = Readonly<Record<string, string | number>>;

/** Is this about a fan-out, and not about a limit that is used up? Of the facts of a stop, and of a subject. */
export const isFanOut = ({ facts }: { readonly facts: Facts }): boolean => typeof facts['fan_out'] === 'string';

/** What a person decides on; titles are shown, and covered by the digest of the tasks. */
export function fanOutSubject(facts: Facts): Record<string, string> {
  const of = (name: keyof FanOutFacts): string => String(facts[name] ?? '');
  return {
    fan_out: of('fan_out'),
    attempt: of('attempt'),
    call: of('call'),
    agents: of('agents'),
    worst_case_micro_usd: of('worst_case_micro_usd'),
    shares: of('shares'),
  };
}

/** The estimate as it is shown. */
export function fanOutShown(facts: Facts): { readonly agents: number; readonly worst_case_micro_usd: number; readonly titles: string[] } {
  return {
    agents: Number(facts['agents']),
    worst_case_micro_usd: Number(facts['worst_case_micro_usd']),
    titles: JSON.parse(String(facts['titles'] ?? '[]')) as string[], // written with the stop
  };
}
