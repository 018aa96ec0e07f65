/** Path patterns as they come from repositories, people and models: none that takes the matcher longer than anybody waits. */
import { z } from 'zod';

/** Longest pattern, in characters. */
const PATTERN_CHARACTERS = 300;
/** Stars within one name: each multiplies the work by the length of the name, and a fourth takes a second for a single path. */
const STARS_IN_NAME = 3;
/** Stars that stand beside other characters, and `**`, in a whole pattern. */
const STARS = 6;

/** What is wrong with it; undefined where it is quick to match whatever the paths are. */
export function patternProblem(pattern: string): string | undefined {
  const names = plain(pattern).split('/');
  const counts = names.map(starsIn);
  const most = Math.max(...counts);
  if (most > STARS_IN_NAME) return `has ${most} stars in one name; at most ${STARS_IN_NAME} are matched`;
  const all = counts.reduce((sum, count) => sum + count, 0);
  return all > STARS ? `has ${all} stars; at most ${STARS} are matched, beside those that are a whole name` : undefined;
}

/** A star alone between two slashes ends there, and costs nothing. */
const starsIn = (name: string): number => (name === '*' ? 0 : (name.match(/\*+/g) ?? []).length);

/** Without classes and escapes, and with the dearest choice of each group, apart from what stands beside it: choices do not multiply. */
function plain(pattern: string): string {
  let text = pattern.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replaceAll(/[{(]([^{}()]*)[})]/g, (_group, choices: string) => `x${dearest(choices.split(/[,|]/))}x`);
  }
  return text;
}

const stars = (text: string): number => text.split('*').length;
const dearest = (choices: readonly string[]): string => choices.reduce((one, other) => (stars(other) > stars(one) ? other : one), '');

/** A pattern of paths, in any contract with a model or a file. */
export const pathPattern = z
  .string()
  .min(1)
  .max(PATTERN_CHARACTERS)
  .superRefine((pattern, context) => {
    const problem = pattern.length > PATTERN_CHARACTERS ? undefined : patternProblem(pattern);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `pattern ${JSON.stringify(pattern)} ${problem}` });
  });
