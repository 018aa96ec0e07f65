/** The routes of feedback on runs: given under an address that a stream told, and read with the run. */
import { z } from 'zod';
import type { Server } from '../context.ts';
import { tokenHashOf } from '../feedback/ask-feedback.ts';
import { type Endpoint, empty, endpoint, json, jsonObject, uuid } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { needRun, readable } from './run-answers.ts';

const tag = 'runs';
/** Longest comment, and longest value as JSON, in characters. */
const MAX_CHARACTERS = 10_000;
const isShort = (value: unknown): boolean => (JSON.stringify(value) ?? '').length <= MAX_CHARACTERS;

const giveSchema = z
  .strictObject({
    score: z.union([z.number(), z.boolean()]).nullish(),
    value: z.unknown().refine(isShort, `has more than ${MAX_CHARACTERS} characters`).optional(),
    comment: z.string().max(MAX_CHARACTERS).nullish(),
    correction: jsonObject.refine(isShort, `has more than ${MAX_CHARACTERS} characters`).nullish(),
    metadata: jsonObject.refine(isShort, `has more than ${MAX_CHARACTERS} characters`).nullish(),
  })
  .refine((given) => (given.score ?? given.value ?? given.comment ?? given.correction ?? null) !== null, {
    error: 'says nothing; send score, value, comment or correction',
  })
  .meta({ id: 'FeedbackCreate' });

const givenSchema = z.array(z.object({ key: z.string(), given_at: z.string() }).loose());

export const feedbackEndpoints = (server: Server): readonly Endpoint[] => [giveFeedback(server), listFeedback(server)];

const giveFeedback = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/feedback/tokens/{token}',
    {
      tag,
      summary: 'Give feedback under an address that the event `feedback` told',
      // Whoever holds the address may.
      permission: 'public',
      params: z.object({ token: z.string().max(200) }),
      body: giveSchema,
      status: 204,
    },
    async (call) => {
      const given = await server.served.feedback.give(tokenHashOf(call.params.token), call.body);
      if (!given) throw new Problem(404, 'feedback: this address is unknown, or its hour is over');
      return empty();
    },
  );

const listFeedback = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/runs/{run_id}/feedback',
    {
      tag,
      summary: 'List the feedback on a run',
      permission: 'read',
      params: z.object({ run_id: uuid('run_id') }),
      response: givenSchema,
    },
    async (call) => {
      const run = await needRun(server, await readable(call), undefined, call.params.run_id);
      const all = await server.served.feedback.list(run.runId);
      return json(all.map(({ key, answer, givenAt }) => ({ key, ...answer, given_at: givenAt })));
    },
  );
