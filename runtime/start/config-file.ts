/** Finds the configuration of a run: in the base commit, or in a file that a person names. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, configSchema } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import { ignoredOptions } from '../../domain/release.ts';
import type { Repository } from '../../domain/workspace.ts';
import { checkExamples, patternProblems } from '../../tools/globs.ts';
import { givenText } from '../given-file.ts';
import { parseYaml } from '../yaml-file.ts';

export const CONFIG_NAME = 'governor.yaml';

export interface LoadedConfig {
  /** As written. */
  readonly raw: unknown;
  readonly config: Config;
  readonly source: string;
  readonly warnings: readonly string[];
}

/** @throws UsageError with file, line and key; when the file is absent or not committed. */
export async function loadConfig(repository: Repository, base: string, configFile: string | undefined): Promise<LoadedConfig> {
  if (configFile !== undefined) {
    return parsed(givenText('--config', configFile), configFile, []);
  }
  const committed = await repository.readFile(base, CONFIG_NAME);
  const inFolder = join(repository.path, CONFIG_NAME);
  if (committed === undefined) {
    if (existsSync(inFolder))
      throw new UsageError(`${inFolder}: exists, but is not in base commit ${base.slice(0, 12)}; commit it, or name it with --config`);
    throw new UsageError(
      `${CONFIG_NAME}: not found in base commit ${base.slice(0, 12)} of ${repository.path}; make one with: governor init`,
    );
  }
  const text = committed.toString('utf8');
  const differs = existsSync(inFolder) && readFileSync(inFolder, 'utf8') !== text;
  return parsed(
    text,
    `${CONFIG_NAME} (${base.slice(0, 12)})`,
    differs ? [`${CONFIG_NAME}: the working copy differs from the base commit; the base commit's counts`] : [],
  );
}

/** Parses a captured configuration again. */
export function reparse(raw: unknown): Config {
  return configSchema.parse(raw);
}

function parsed(text: string, source: string, warnings: readonly string[]): LoadedConfig {
  const { raw, value } = parseYaml(text, source, configSchema);
  const problems = [...patternProblems(value), ...[...value.protect, ...value.deny].flatMap((rule) => checkExamples(rule))];
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `${source}: ${problem}`).join('\n'));
  const ignored = typeof raw === 'object' && raw !== null && 'release' in raw ? ignoredOptions(raw.release) : [];
  return { raw, config: value, source, warnings: [...warnings, ...ignored] };
}
