/** Third piece of the tool door: the call is done, and what it throws becomes words for the model or the end of the run. */
import { ZERO } from '../../domain/budget.ts';
import { FencedError, RefusedError, StopError, toError } from '../../domain/errors.ts';
import { failpoint } from '../../domain/failpoint.ts';
import type { Effects } from '../../domain/ports.ts';
import { isGraphInterruptLike } from '../graph-interrupt.ts';
import { standingLinks } from '../standing-links.ts';
import { type Tool, ToolFailure } from '../tool.ts';
import { refused } from './answer.ts';
import type { Judged, PermittedCall, ToolRequest } from './request.ts';

/** @throws what ends the run; the reservation is settled before, so that going on is a new try. */
export async function perform(effects: Effects, call: PermittedCall, key: string): Promise<Judged> {
  const { request, tool } = call;
  let judged: Judged;
  try {
    if (tool?.effect === true) request.context.workTree.touched();
    judged = await act(call);
  } catch (error) {
    if (!(error instanceof FencedError))
      await effects.fail(request.fence, key, { actual: { ...ZERO, toolCalls: 1 } }).catch(() => undefined);
    throw error;
  }
  failpoint(`tool:${request.call.name}:done`);
  return judged;
}

/** Does it. @throws what ends the run. */
export async function act({ request, tool, input }: PermittedCall): Promise<Judged> {
  failpoint(`tool:${request.call.name}:begin`);
  return tool === undefined ? handOver(request, input) : execute(request, tool, input);
}

async function handOver(request: ToolRequest, input: unknown): Promise<Judged> {
  const { ok, content, code } = await request.handoff(request.call.name, input);
  if (code !== undefined) return refused(code, content);
  if (!ok) return { outcome: 'invalid', content };
  return { outcome: request.call.name === 'delegate' ? 'delegated' : 'handed-over', content };
}

async function execute(request: ToolRequest, tool: Tool, input: unknown): Promise<Judged> {
  try {
    const { context } = request;
    const said = await tool.execute(input, { ...context, links: await standingLinks(context.folder, context.links) });
    return { outcome: 'ok', ...(typeof said === 'string' ? { content: said } : said) };
  } catch (thrown) {
    if (isGraphInterruptLike(thrown) || thrown instanceof StopError || thrown instanceof FencedError || request.context.signal.aborted)
      throw thrown;
    return failed(tool, thrown);
  }
}

/** What the model is told of a failure that it can mend. @throws StopError `DISK_LIMIT`, and what is a fault of this program. */
function failed(tool: Tool, thrown: unknown): Judged {
  if (thrown instanceof RefusedError) return refused(thrown.code, thrown.message);
  const error = toError(thrown) as NodeJS.ErrnoException; // node's file errors carry a code
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    throw new StopError('DISK_LIMIT', `${tool.name}: ${error.message}`, { cause: error });
  if (error.code === 'ELOOP' || error.code === 'EXDEV') return refused('PATH_DENIED', `${tool.name}: a link is in the way`);
  if (thrown instanceof ToolFailure || error.code !== undefined)
    return { outcome: 'error', content: JSON.stringify({ error: error.message.replaceAll(/\/proc\/self\/fd\/\d+\//g, '') }) };
  throw error;
}
