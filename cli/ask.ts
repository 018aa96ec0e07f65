/** A question on the terminal that is answered with y, or not. */
import { toError } from '../domain/errors.ts';
import type { Io } from './io.ts';

/** Ctrl-C and the end of the input are a no. */
export async function isYes(io: Io, question: string): Promise<boolean> {
  return (await (io.answer ?? fromTerminal)(question)).trim().toLowerCase() === 'y';
}

async function fromTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question);
  } catch (error) {
    if (toError(error).name !== 'AbortError') throw error;
    return '';
  } finally {
    reader.close();
  }
}
