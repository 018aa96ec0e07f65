/** Who may decide at a gate. */
import { expect, test } from 'vitest';
import { operatorSchema } from '../../domain/config.ts';
import { canonicalPerson, mayDecide, type Person, strictest } from '../../domain/policy.ts';

const ann: Person = { id: 'key:ann', roles: ['approver'], method: 'key', alone: false };

test('where its authors may not decide, neither the starter nor who edited the plan may; alone they may', () => {
  const required = { role: 'approver', min: 1, notStarter: true } as const;
  expect(mayDecide(ann, required, ['key:bob'])).toEqual({ kind: 'allow' });
  for (const authors of [['key:ann'], ['key:bob', 'key:ann']])
    expect(mayDecide(ann, required, authors)).toMatchObject({ kind: 'deny', reason: expect.stringContaining('may not approve it') });
  expect(mayDecide({ ...ann, alone: true }, required, ['key:ann'])).toEqual({ kind: 'allow' });
  expect(mayDecide(ann, { ...required, notStarter: false }, ['key:ann'])).toEqual({ kind: 'allow' });
});

test('the role is asked first, and several rules make the strictest', () => {
  expect(mayDecide({ ...ann, roles: ['viewer'] }, { role: 'approver', min: 1, notStarter: false }, [])).toMatchObject({
    kind: 'deny',
    reason: expect.stringContaining('role "approver" is needed'),
  });
  const rules = [
    { role: 'approver', min: 2, notStarter: false },
    { role: 'operator', min: 1, notStarter: true },
  ] as const;
  expect(strictest(rules)).toEqual({ role: 'admin', min: 2, notStarter: true });
});

test('two identities are one person only where the operator says so', () => {
  expect(canonicalPerson(ann, undefined)).toBe(ann);
  expect(canonicalPerson(ann, { 'jwt:ann': 'ann' })).toBe(ann);
  expect(canonicalPerson(ann, { 'key:ann': 'ann' })).toEqual({ ...ann, id: 'ann' });
  expect(canonicalPerson({ ...ann, id: 'toString' }, {}).id).toBe('toString');
  expect(operatorSchema.safeParse({ aliases: { a: 'b', b: 'c' } }).error?.message).toContain('an alias too');
  expect(operatorSchema.safeParse({ aliases: { a: 'c', b: 'c' } }).success).toBe(true);
});
