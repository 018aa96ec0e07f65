/** Runs the quick checks of `checks[].onEdit` after an edit; what they say is for the edit's author and blocks nothing. */
import { toError } from '../domain/errors.ts';
import type { QuickCheck, ToolContext } from './tool.ts';

/** Kept of a check's output, in characters; its end says most. */
const OUTPUT_CHARACTERS = 4000;

/** What failed, to stand under the answer of an edit; empty when all passed. The checks leave the files as the edit left them. */
export async function diagnostics(context: ToolContext): Promise<string> {
  if (context.quickChecks.length === 0) return '';
  const { workTree } = context;
  const tree = await workTree.snapshot();
  const told: string[] = [];
  for (const check of context.quickChecks) told.push(await runOne(context, check));
  workTree.touched();
  if ((await workTree.current()) !== tree) await workTree.restore(tree);
  return told.join('');
}

async function runOne(context: ToolContext, check: QuickCheck): Promise<string> {
  context.signal.throwIfAborted();
  try {
    const result = await context.sandbox.run({
      argv: check.run,
      workspace: context.folder,
      links: context.links,
      scratch: context.scratch,
      network: false,
      timeoutMs: check.timeout,
      outputBytes: context.outputBytes,
      signal: context.signal,
    });
    if (result.exitCode === 0) return '';
    const how = result.timedOut ? `was ended after ${check.timeout / 1000} s` : `ended with exit code ${result.exitCode ?? 'none'}`;
    return `\n\nThe edit stands. The quick check "${check.id}" (${check.run.join(' ')}) ${how}:\n${tail(context, `${result.stdout}${result.stderr}`)}`;
  } catch (error) {
    if (context.signal.aborted) throw error;
    return `\n\nThe edit stands. The quick check "${check.id}" could not be run: ${toError(error).message}`;
  }
}

/** Masked before it is cut: half a secret is not known as one. */
function tail(context: ToolContext, output: string): string {
  const text = context.redact(output).trimEnd();
  if (text === '') return '(no output)';
  return text.length <= OUTPUT_CHARACTERS
    ? text
    : `[${text.length - OUTPUT_CHARACTERS} characters left out]\n${text.slice(-OUTPUT_CHARACTERS)}`;
}
