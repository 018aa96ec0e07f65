/** A text from a repository as data in a prompt: between two marks that it cannot write itself, with its source named. */
import { visible } from '../domain/access.ts';
import { digestOf } from '../domain/ids.ts';
import { unforged } from './context.ts';

/** Characters of a mark: 48 bits of a digest over the text itself. */
const MARK = 12;
/** Longest source, in characters. */
const SOURCE_CHARACTERS = 200;

/**
 * The same on every replay of a thread. Whoever wrote the text could not know its mark, which is made of the text and the thread;
 * where a text holds its mark all the same, another is taken.
 */
export function dataFence(threadId: string, source: string, text: string): string {
  const shown = unforged(visible(text));
  let round = 0;
  let mark = markOf(threadId, shown, round);
  while (shown.includes(mark)) {
    round += 1;
    mark = markOf(threadId, shown, round);
  }
  const named = JSON.stringify(visible(source).slice(0, SOURCE_CHARACTERS));
  return `<data-${mark} source=${named}>\n${shown}\n</data-${mark}>`;
}

const markOf = (threadId: string, text: string, round: number): string => digestOf({ threadId, text, round }).slice(0, MARK);
