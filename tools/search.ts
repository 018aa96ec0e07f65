/** The search tool: ripgrep in the sandbox; a model's pattern never runs in our own process. */
import { z } from 'zod';
import { RefusedError } from '../domain/errors.ts';
import { globHint, ripgrepGlobs } from './glob-argument.ts';
import { inside } from './paths.ts';
import { MASK, maskedLines } from './redact.ts';
import { bytesOf, textFile } from './stored-files.ts';
import { defineTool, type ToolContext, ToolFailure } from './tool.ts';

const TIMEOUT_MS = 30_000;
/** The columns of a line that are told. */
const COLUMNS = 400;

export const searchFiles = defineTool({
  name: 'search_files',
  description:
    'Searches file contents by a regular expression (ripgrep syntax); path and glob narrow it; a glob starts at the root, such as src/**/*.js or **/*.js.',
  schema: z.strictObject({
    pattern: z.string().min(1).max(2000),
    path: z.string().max(1024).optional(),
    glob: z.string().max(300).optional(),
  }),
  effect: false,
  execute: async (input, context) => {
    const below = input.path === undefined ? '' : inside(input.path);
    const where = below === '' ? '.' : `./${below}`;
    const glob = globsOf(input.glob, below).flatMap((one) => ['--glob', one]);
    const found = await run(context, [
      'rg',
      '--line-number',
      '--no-heading',
      '--color=never',
      '--hidden',
      '--crlf',
      '--sort=path',
      `--max-columns=${COLUMNS}`,
      '--null',
      '--max-count=200',
      ...glob,
      '-e',
      input.pattern,
      '--',
      where,
    ]);
    const result =
      found.exitCode === 127
        ? await run(context, [
            'grep',
            '-rnE',
            ...(input.glob === undefined ? [] : [`--include=${input.glob.split('/').at(-1)}`]),
            '-e',
            input.pattern,
            '--',
            where,
          ])
        : found;
    if (result.exitCode === 1) return `(no matches)${globHint(input.glob)}`;
    if (result.exitCode !== 0) throw new ToolFailure(`search_files: ${result.stderr.slice(0, 500)}`);
    return masked(context, result.stdout.replaceAll(/^\.\//gm, '').replaceAll('\r\n', '\n'));
  },
});

/** From the root, or from the folder that is searched. */
function globsOf(glob: string | undefined, below: string): string[] {
  if (glob === undefined) return [];
  return [...ripgrepGlobs(glob), ...(below === '' ? [] : ripgrepGlobs(`${below}/${glob}`))];
}

/** Behind the name ripgrep puts a zero byte, grep a colon. */
const FOUND = /^(?:([^\0]*)\0|(.*?):)(\d+):/;

/** Lines of the files that they come from are masked as the whole file says: one in the middle of a key does not look like one. */
function masked(context: ToolContext, output: string): string {
  const files = new Map<string, readonly (string | undefined)[]>();
  return output
    .split('\n')
    .map((line) => {
      const [head, ripgrep, name = ripgrep, number] = FOUND.exec(line) ?? [];
      if (head === undefined || name === undefined) return line;
      const secret = files.get(name) ?? secretLines(context, name);
      files.set(name, secret);
      return `${name}:${number}:${secret[Number(number) - 1] ?? line.slice(head.length)}`;
    })
    .join('\n');
}

/** Of each line that holds a secret or a part of one what may be told of it; undefined: all. */
function secretLines(context: ToolContext, name: string): readonly (string | undefined)[] {
  let bytes: Buffer | undefined;
  try {
    bytes = bytesOf(context, inside(name));
  } catch (error) {
    // Too large, or with another name: what is told of it is masked line by line.
    if (error instanceof ToolFailure || error instanceof RefusedError) return [];
    throw error;
  }
  const lines = (bytes && textFile(name, bytes)?.lines.map((line) => line.text)) ?? [];
  return maskedLines(lines, context.redact).map((line, index) => (line === lines[index] ? undefined : line.length > COLUMNS ? MASK : line));
}

function run(context: ToolContext, argv: readonly string[]) {
  return context.sandbox.run({
    argv,
    workspace: context.folder,
    links: context.links.filter(({ submodule }) => submodule === true),
    scratch: [],
    network: false,
    timeoutMs: TIMEOUT_MS,
    outputBytes: context.outputBytes,
    signal: context.signal,
  });
}
