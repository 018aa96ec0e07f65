/** Finds the configuration of a run: in the base commit, or in a file that a person names. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, configSchema } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import { ignoredOptions } from '../../domain/release.ts';
import type { Repository } from '../../domain/workspace.ts';
import { checkExamples, patternProblems } from '../../tools/globs.ts';
import { codeOwnersFile } from '../../tools/red-lines.ts';
import { givenText } from '../given-file.ts';
import { parseYaml } from '../yaml-file.ts';

export const CONFIG_NAME = 'governor.yaml';

export interface LoadedConfig {
  /** As written. */
  readonly raw: unknown;
  readonly config: Config;
  readonly source: string;
  readonly warnings: readonly string[];
  /** The file and line where the value of a path stands. */
  readonly place: (path: readonly (string | number)[]) => string;
}

/** @throws UsageError with file, line and key; when the file is absent or not committed, or asks for a CODEOWNERS that is not there. */
export async function loadConfig(repository: Repository, base: string, configFile: string | undefined): Promise<LoadedConfig> {
  const loaded = await found(repository, base, configFile);
  const { protectFrom } = loaded.config;
  if (protectFrom === undefined) return loaded;
  const owners = await codeOwnersFile(protectFrom.codeowners, repository, base);
  if ('fault' in owners)
    throw new UsageError(
      `${loaded.place(['protectFrom', 'codeowners'])}: protectFrom.codeowners: ${protectFrom.codeowners} asks for the CODEOWNERS of base commit ${base.slice(0, 12)}, and ${owners.fault}; commit one, or remove protectFrom`,
    );
  return loaded;
}

async function found(repository: Repository, base: string, configFile: string | undefined): Promise<LoadedConfig> {
  if (configFile !== undefined) {
    return parsed(givenText('--config', configFile), { source: configFile, file: configFile }, []);
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
    { source: `${CONFIG_NAME} (${base.slice(0, 12)})`, file: CONFIG_NAME },
    differs ? [`${CONFIG_NAME}: the working copy differs from the base commit; the base commit's counts`] : [],
  );
}

/** Parses a captured configuration again. */
export function reparse(raw: unknown): Config {
  return configSchema.parse(raw);
}

interface Read {
  readonly source: string;
  readonly file: string;
}

function parsed(text: string, { source, file }: Read, warnings: readonly string[]): LoadedConfig {
  const { raw, value, lineOf } = parseYaml(text, source, configSchema);
  const problems = [...patternProblems(value), ...[...value.protect, ...value.deny].flatMap((rule) => checkExamples(rule))];
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `${source}: ${problem}`).join('\n'));
  const ignored = typeof raw === 'object' && raw !== null && 'release' in raw ? ignoredOptions(raw.release) : [];
  return { raw, config: value, source, warnings: [...warnings, ...ignored], place: (path) => `${file}:${lineOf(path)}` };
}
