/** Runs the checks once on the base, before any model is asked: a red base is not a base to build on. */
import type { z } from 'zod';
import { StopError, toError } from '../../domain/errors.ts';
import { baselineBodySchema } from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { findPrograms, runChecks } from '../checks.ts';
import { governorNode } from '../governor-node.ts';
import type { FindSession, Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { note } from '../state.ts';

/** A damaged object shows only when its content is read. */
function unreadable({ facts: { request } }: Session, error: unknown): Error {
  const { message, name } = toError(error);
  if (name !== 'GitError' || !/corrupt|unable to (read|unpack)/.test(message)) return toError(error);
  const said = message.trim().split('\n').at(-1) ?? '';
  return new StopError('BASELINE_FAILED', `base ${request.base}: its files cannot be read (${said}); see git -C ${request.repo} fsck`);
}

/** The `baseline` node. */
export const baselineNode = (find: FindSession) =>
  governorNode(find, 'baseline', async (session) => {
    const { submodules } = await session.places.mounts();
    const base = session.facts.request.base;
    const done = await runStage(session, {
      stage: 'baseline',
      kind: 'baseline',
      inputs: [session.facts.requestRef],
      file: STAGE_TABLE.baseline.file,
      schema: baselineBodySchema,
      madeBy: 'governor',
      work: async (): Promise<z.infer<typeof baselineBodySchema>> => {
        const tree = await session.places.repository.treeOf(base);
        const known = submodules.length === 0 ? {} : { submodules: [...submodules] };
        if (session.facts.config.checks.length === 0) return { tree, checks: [], ...known };
        const folder = session.places.workFolder('baseline');
        const checkout = await session.places.repository.checkout(tree, folder).catch((error: unknown) => {
          throw unreadable(session, error);
        });
        try {
          const programs = await findPrograms(session, checkout);
          const ran = await runChecks(session, { checkout, tree, attempt: 0, checks: session.facts.config.checks, done: true });
          return { tree, checks: ran.map((check) => check.result), programs, ...known };
        } finally {
          await checkout.remove();
        }
      },
    });
    const red = done.body.checks.find(
      (check) =>
        check.status !== 'pass' && session.facts.config.checks.find((configured) => configured.id === check.id)?.baseline !== 'allow',
    );
    if (red !== undefined)
      throw new StopError(
        'BASELINE_FAILED',
        `check "${red.id}" ends with ${red.status} (exit code ${red.exit_code ?? 'none'}) on base ${base}, before any change`,
        {
          evidence: [red.evidence, red.evidence.replace(/json$/, 'log')],
          facts: { check: red.id, exit_code: red.exit_code ?? -1 },
        },
      );
    return {
      request: session.facts.requestRef,
      goal: session.facts.request.goal,
      repo: session.facts.request.repo,
      base,
      route: 'plan',
      notes: note(
        'baseline',
        0,
        done.body.checks.length === 0
          ? 'no checks are configured'
          : done.body.checks.map((check) => `${check.id}: ${check.status}`).join(', '),
      ),
    };
  });
