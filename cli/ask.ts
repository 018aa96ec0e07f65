/** Questions on the terminal: one that is answered with y, or not; and one whose answer is not shown. */
import { toError } from '../domain/errors.ts';
import type { Io } from './io.ts';

/** Ctrl-C and the end of the input are a no. */
export async function isYes(io: Io, question: string): Promise<boolean> {
  return (await (io.answer ?? fromTerminal)(question)).trim().toLowerCase() === 'y';
}

/** Ctrl-C and the end of the input are an empty answer. */
const nothingWhereLeft = (thrown: unknown): string => {
  if (toError(thrown).name !== 'AbortError') throw thrown;
  return '';
};

async function fromTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question).catch(nothingWhereLeft);
  } finally {
    reader.close();
  }
}

/** On a terminal without showing it; else all that the input holds. */
export const secretFrom =
  (input: NodeJS.ReadableStream & { readonly isTTY?: boolean }) =>
  async (question: string): Promise<string> => {
    if (input.isTTY !== true) return (await import('node:stream/consumers')).text(input);
    const [{ createInterface }, { Writable }] = await Promise.all([import('node:readline/promises'), import('node:stream')]);
    process.stderr.write(question);
    const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
    const reader = createInterface({ input, output: hidden, terminal: true });
    try {
      return await reader.question('').catch(nothingWhereLeft);
    } finally {
      reader.close();
      process.stderr.write('\n');
    }
  };
