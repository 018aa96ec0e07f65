/** `governor tell`: a person's words for the agents at work, and when they will be heard. */
import type { CommonFlags, Invocation } from '../io.ts';
import { toldText } from '../print.ts';

export interface TellFlags extends CommonFlags {
  readonly agent?: string;
}

export async function tellCommand({ operations, io, flags }: Invocation<TellFlags>, thread: string, text: string): Promise<number> {
  const told = await operations.tell(thread, { text, ...(flags.agent === undefined ? {} : { agent: flags.agent }) });
  io.stdout(`${flags.json === true ? JSON.stringify(told) : toldText([told])}\n`);
  if (flags.json !== true && flags.quiet !== true)
    io.stderr(
      told.to.length === 0
        ? 'no agent is at work: it is kept, and who speaks next hears it; it approves nothing\n'
        : 'heard before their next request; it approves nothing\n',
    );
  return 0;
}
