/** Answers about trees that were named by their whole ids: these never change, and a stage asks what the one before it asked. */
import { type GitPlace, type GitResult, runGit } from '../git.ts';

/** Answers that are kept, the newest, and the largest of them in bytes. */
const MOST = 32;
const MOST_BYTES = 1024 * 1024;

const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** A whole id, which git takes for nothing else. */
export const isId = (name: string): boolean => ID.test(name);

type Ask = (argv: readonly string[], place: GitPlace) => Promise<GitResult>;

/** @param ids all of `argv` that name an object. By any other name, such as a branch, it is asked anew. */
export type Asked = (argv: readonly string[], ids: readonly string[]) => Promise<GitResult>;

/** Of all repositories that one process works on, each by its place. */
export type Answers = (place: GitPlace) => Asked;

export function rememberedAnswers(ask: Ask = runGit): Answers {
  const kept = new Map<string, Promise<GitResult>>();
  const remember = async (key: string, argv: readonly string[], place: GitPlace): Promise<GitResult> => {
    try {
      const answer = await ask(argv, place);
      if (answer.stdout.length > MOST_BYTES) kept.delete(key);
      return answer;
    } catch (error) {
      kept.delete(key);
      throw error;
    }
  };
  return (place) => (argv, ids) => {
    if (!ids.every(isId)) return ask(argv, place);
    const key = [place.gitDir, place.objects, ...argv].join('\0');
    const answer = kept.get(key) ?? remember(key, argv, place);
    kept.delete(key);
    kept.set(key, answer);
    const [oldest] = kept.keys();
    if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    return answer;
  };
}
