/** Who is at work, who hears which message, and when it passes to somebody else; read from the trail alone. */
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../domain/audit.ts';
import { atWork, HEARD, isAwaited, isFor, NOTHING_SAID, type Said, type Speaker, saidAfter, TOLD, tellText } from '../../domain/told.ts';

let seq = 0;
const record = (action: string, actor: string, attempt: number, facts: Record<string, unknown> = {}): AuditRecord => {
  seq += 1;
  return { threadId: 't', action, actor, attempt, facts, seq, number: seq, at: `at ${seq}`, previous: '', hash: '' };
};
const asks = (agent: string, attempt = 1) => record('model-call', `agent:${agent}`, attempt);
const begins = (agent: string, attempt = 1) => record('agent-start', 'agent:lead', attempt, { agent });
const ends = (agent: string, attempt = 1) => record('stage-end', 'governor', attempt, { made_by: `agent:${agent}` });
const says = (id: string, to: readonly Speaker[], named = false) => record(TOLD, 'local:ada', 1, { id, message: `"${id}"`, to, named });
const hears = (id: string, agent: string, attempt = 1) => record(HEARD, 'governor', attempt, { id, agent });
const at = (agent: string, attempt = 1): Speaker => ({ agent, attempt });
const said = (...records: readonly AuditRecord[]): Said => saidAfter(NOTHING_SAID, records);
const names = (speakers: readonly Speaker[]): string => speakers.map(({ agent, attempt }) => `${agent}#${attempt}`).join(' ');

test('an agent is at work from its first call to the end of its stage; who waits for sub-agents speaks after them', () => {
  const begun = [record('stage-start', 'governor', 1, { made_by: 'agent:planner' }), asks('planner')];
  expect(names(said(...begun).speakers)).toBe('planner#1');
  const built = [...begun, ends('planner'), asks('lead'), asks('lead'), begins('w1.1'), begins('w1.2'), begins('w1.2.3.1')];
  expect(names(said(...built).speakers)).toBe('lead#1 w1.1#1 w1.2#1 w1.2.3.1#1');
  expect(names(atWork(said(...built).speakers))).toBe('w1.1#1 w1.2.3.1#1');
  const merged = [...built, ends('w1.1'), ends('w1.2.3.1')];
  expect(names(atWork(said(...merged).speakers))).toBe('w1.2#1');
  expect(names(atWork(said(...merged, ends('w1.2')).speakers))).toBe('lead#1');
  expect(said(...merged, ends('w1.2'), ends('lead')).speakers).toEqual([]);
});

test('records that come later are added to what was read before', () => {
  const records = [asks('lead'), says('a', [at('lead')]), hears('a', 'lead'), says('b', [])];
  const parts = records.reduce<Said>((before, one) => saidAfter(before, [one]), NOTHING_SAID);
  expect(parts).toEqual(saidAfter(NOTHING_SAID, records));
  expect(parts.tells.map(({ number, by }) => [number, by])).toEqual([
    [1, 'local:ada'],
    [2, 'local:ada'],
  ]);
});

const isHeardBy = (agent: string, attempt: number, ...records: readonly AuditRecord[]): boolean => {
  const known = said(...records);
  const [tell] = known.tells;
  if (tell === undefined) throw new Error('nothing was said');
  return isFor(tell, at(agent, attempt), known);
};

test.each<[string, boolean, string, number, readonly AuditRecord[]]>([
  ['who was at work hears it', true, 'lead', 1, [asks('lead'), says('a', [at('lead')])]],
  ['another one at work does not', false, 'w1.2', 1, [begins('w1.1'), begins('w1.2'), says('a', [at('w1.1')], true)]],
  [
    'a lead that heard it hears it in its next attempt, which remembers nothing',
    true,
    'lead',
    2,
    [says('a', [at('lead')]), hears('a', 'lead')],
  ],
  ['a sub-agent heard it, and its id means another one later', false, 'w1.1', 2, [says('a', [at('w1.1')], true), hears('a', 'w1.1')]],
  ['a transcript that took another way hears it again', true, 'lead', 1, [says('a', [at('lead')]), hears('a', 'lead')]],
  ['a lead that was named hears it in its next attempt', true, 'lead', 2, [asks('lead'), says('a', [at('lead')], true), ends('lead')]],
  ['the same id in another attempt is another sub-agent', false, 'w1.1', 2, [begins('w1.1'), says('a', [at('w1.1')], true), ends('w1.1')]],
  ['nobody at work: who speaks next', true, 'critic', 1, [says('a', [])]],
  ['nobody at work: only the first who speaks', false, 'lead', 2, [says('a', []), hears('a', 'critic')]],
  ['all ended before they heard it: who speaks next', true, 'lead', 1, [begins('w1.1'), says('a', [at('w1.1')]), ends('w1.1')]],
  ['one of them is still at work: nobody else', false, 'lead', 1, [begins('w1.1'), says('a', [at('w1.1')])]],
  ['one that was named ended: nobody else', false, 'lead', 1, [begins('w1.1'), says('a', [at('w1.1')], true), ends('w1.1')]],
])('%s', (_title, expected, agent, attempt, records) => {
  expect(isHeardBy(agent, attempt, ...records)).toBe(expected);
});

test('what only a sub-agent was to hear, which has ended, waits for nobody', () => {
  const awaited = (...records: readonly AuditRecord[]): boolean[] => {
    const known = said(...records);
    return known.tells.map((tell) => isAwaited(tell, known));
  };
  const told = [begins('w1.1'), says('a', [at('w1.1')], true), says('b', [at('w1.1')]), says('c', [at('lead')], true), says('d', [])];
  expect(awaited(...told)).toEqual([true, true, true, true]);
  expect(awaited(...told, ends('w1.1'))).toEqual([false, true, true, true]);
  expect(awaited(...told, hears('d', 'w1.1'))).toEqual([true, true, true, false]);
});

test('the row names the person, quotes the words and is another one for each message', () => {
  const { tells } = said(says('a', []), says('b', []));
  expect(tells.map(tellText)).toEqual([
    'A person (local:ada) says, without approving anything (message 1): "\\"a\\""',
    'A person (local:ada) says, without approving anything (message 2): "\\"b\\""',
  ]);
});
