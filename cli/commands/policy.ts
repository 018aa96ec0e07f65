/** `governor policy test`: what the rules say of paths, with the pattern, its file and its line. */
import { visible } from '../../domain/access.ts';
import { originWords } from '../../domain/handoff.ts';
import { type PathPolicy, type PolicyRule, testPolicy } from '../../runtime/policy.ts';
import type { CommonFlags, Io } from '../io.ts';

export interface PolicyFlags extends CommonFlags {
  readonly repo: string;
  readonly base?: string;
}

/** A look-up that worked exits 0, whatever it says. */
export async function testPolicyCommand(
  io: Io,
  paths: readonly string[],
  { repo, base, config, json, quiet }: PolicyFlags,
): Promise<number> {
  const view = await testPolicy({
    repo,
    paths,
    ...(base === undefined ? {} : { base }),
    ...(config === undefined ? {} : { configFile: config }),
  });
  if (json !== true && quiet !== true)
    io.stderr(visible(`rules of ${view.config}, base ${view.base.slice(0, 12)}; no plan's scope is known here\n`));
  for (const warning of view.warnings) io.stderr(visible(`warning: ${warning}\n`));
  io.stdout(
    json === true ? `${JSON.stringify({ ...view, paths: view.paths.map(pathJson) })}\n` : visible(view.paths.map(pathText).join('')),
  );
  return 0;
}

const VERDICTS: Readonly<Record<PathPolicy['verdict'], string>> = {
  denied: 'DENIED: no change may touch it',
  'red-line': 'RED LINE: a change of it needs a person',
  'maybe-red-line': 'RED LINE for some changes',
  free: 'no rule names it',
};

const pathText = ({ path, exists, verdict, rules }: PathPolicy): string =>
  `${path}${exists ? '' : ' (not in the base)'}: ${VERDICTS[verdict]}\n${rules.map(ruleText).join('')}`;

function ruleText({ says, id, pattern, place, reason, approvers, when }: PolicyRule): string {
  const who =
    approvers === undefined ? '' : `; ${approvers.min} with role ${approvers.role}${approvers.notStarter ? ', not the starter' : ''}`;
  const kind = says === 'deny' ? 'deny' : `red line${originWords(says)}`;
  return `  ${kind} ${id}: ${JSON.stringify(pattern)} at ${place}: ${reason}${who}${when === undefined ? '' : `; ${when}`}\n`;
}

const pathJson = ({ rules, ...path }: PathPolicy) => ({
  ...path,
  rules: rules.map(({ approvers, ...rule }) => ({
    ...rule,
    ...(approvers === undefined ? {} : { approvers: { role: approvers.role, min: approvers.min, not_starter: approvers.notStarter } }),
  })),
});
