/** The tests of one part of the corpus. */
import { execFileSync } from 'node:child_process';
import { describe, test } from 'vitest';
import { FULL } from '../full.ts';
import type { Odd } from './odd.ts';
import { release } from './release.ts';

const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(execFileSync('git', ['version'], { encoding: 'utf8' })) ?? []).map(Number);
const isBuildable = ({ needsGit: [wanted, minimum] = [0, 0] }: Odd): boolean => major > wanted || (major === wanted && minor >= minimum);

/** @param sampled every second entry alone, unless `CI_FULL=1` asks for all. */
export function releasesOn(part: readonly Odd[], { sampled = false } = {}): void {
  describe('a release on a repository with', () => {
    for (const odd of part.filter((each, index) => isBuildable(each) && (!sampled || FULL || index % 2 === 0))) {
      test(odd.name, () => release(odd));
    }
  });
}
