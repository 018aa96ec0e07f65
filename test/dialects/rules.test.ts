/** Every rule of every dialect refuses its offence, and accepts the honest request that looks most like it. */
import { afterEach, describe, expect, it } from 'vitest';
import { ANTHROPIC_CASES, honestAnthropic } from './cases/anthropic.ts';
import { type Case, type Cases, type Draft, draftOf, type Honest } from './cases/case.ts';
import { CHAT_CASES, honestChat } from './cases/chat.ts';
import { GEMINI_CASES, honestGemini } from './cases/gemini.ts';
import { honestResponses, RESPONSES_CASES } from './cases/responses.ts';
import { DIALECTS } from './dialects.ts';
import { type DialectName, type DialectServer, startDialect } from './server.ts';

/** Needs an earlier answer: `reasoning.test.ts`. */
const AFTER_AN_ANSWER = [
  'reasoning-missing',
  'reasoning-changed',
  'signature-missing',
  'signature-changed',
  'signature-invalid',
  'thinking-changed',
  'thinking-first',
  'item-not-found',
  'encrypted-invalid',
  'reasoning-alone',
];

interface Own {
  readonly cases: Cases;
  readonly honest: (name: DialectName, server: DialectServer) => Honest;
}

function ownOf(name: DialectName): Own {
  if (name === 'anthropic') return { cases: ANTHROPIC_CASES, honest: honestAnthropic };
  if (name === 'gemini') return { cases: GEMINI_CASES, honest: honestGemini };
  if (name === 'openai-responses') return { cases: RESPONSES_CASES, honest: honestResponses };
  return { cases: CHAT_CASES, honest: honestChat };
}

let server: DialectServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function send(origin: string, draft: Draft): Promise<Response> {
  return fetch(`${origin}${draft.path}`, { method: draft.method, headers: draft.headers, body: draft.text });
}

describe.each(Object.keys(DIALECTS) as DialectName[])('%s', (name) => {
  const { cases, honest } = ownOf(name);
  const rules = Object.keys(DIALECTS[name].rules).filter((rule) => !AFTER_AN_ANSWER.includes(rule));

  it.each(rules)('%s: refuses the offence and takes the honest request most like it', async (rule) => {
    const one: Case | undefined = cases[rule];
    if (one === undefined) throw new Error(`no case breaks ${name}/${rule}`);
    server = await startDialect(name, { turns: () => ({ text: 'Done.' }), ...one.options });
    const refused = await send(server.origin, draftOf(honest(name, server), one.offence));
    const text = await refused.text();
    expect(server.requests.at(-1)).toMatchObject({ rule: `${name}/${rule}`, status: refused.status, billed: { input: 0, output: 0 } });
    expect(refused.status).toBe(DIALECTS[name].rules[rule]?.status);
    expect(JSON.parse(text)).toBeTypeOf('object');
    const taken = await send(server.origin, draftOf(honest(name, server), one.honest));
    await taken.text();
    expect(server.requests.at(-1)).toMatchObject({ status: 200 });
    expect(server.requests.at(-1)?.rule).toBeUndefined();
  });

  it('names a source for every rule', () => {
    for (const rule of Object.values(DIALECTS[name].rules)) expect(rule.source).toMatch(/^(https:\/\/|stricter than any public report$)/);
  });
});
