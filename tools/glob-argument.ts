/** The `glob` of a tool's call: a pattern as everywhere, in words that ripgrep understands, and a hint where it named nothing. */
import { faultsOf } from '../domain/patterns.ts';

/** What ripgrep takes for special and a pattern does not. */
const LITERAL_HERE = /[[\]{}!\\]/g;

/** With a leading slash ripgrep starts at the root, as patterns do; a name that is written out is a file, or a folder with all below. */
export function ripgrepGlobs(pattern: string): string[] {
  const folder = pattern.endsWith('/');
  const at = `/${pattern.replace(/\/$/, '').replaceAll(LITERAL_HERE, '\\$&')}`;
  const last = at.slice(at.lastIndexOf('/') + 1);
  if (folder) return [at, `${at}/**`];
  return /[*?]/.test(last) ? [at] : [at, `${at}/**`];
}

/** Why it may have named nothing; empty where nothing about it is unusual. */
export function globHint(pattern: string | undefined): string {
  if (pattern === undefined) return '';
  const [fault] = faultsOf([pattern]);
  if (fault !== undefined) return `; glob ${fault}`;
  return pattern.includes('/')
    ? ''
    : `; glob ${JSON.stringify(pattern)} names files of the top folder: for any depth write ${JSON.stringify(`**/${pattern}`)}`;
}
