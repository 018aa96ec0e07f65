/** The search tool: ripgrep in the sandbox; a model's pattern never runs in our own process. */
import { z } from 'zod';
import { globHint, ripgrepGlobs } from './glob-argument.ts';
import { inside } from './paths.ts';
import { defineTool, type ToolContext, ToolFailure } from './tool.ts';

const TIMEOUT_MS = 30_000;

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
      '--max-columns=400',
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
    return result.stdout.replaceAll(/^\.\//gm, '').replaceAll('\r\n', '\n');
  },
});

/** From the root, or from the folder that is searched. */
function globsOf(glob: string | undefined, below: string): string[] {
  if (glob === undefined) return [];
  return [...ripgrepGlobs(glob), ...(below === '' ? [] : ripgrepGlobs(`${below}/${glob}`))];
}

function run(context: ToolContext, argv: readonly string[]) {
  return context.sandbox.run({
    argv,
    workspace: context.folder,
    links: [],
    scratch: [],
    network: false,
    timeoutMs: TIMEOUT_MS,
    outputBytes: context.outputBytes,
    signal: context.signal,
  });
}
