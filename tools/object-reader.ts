/** Reads objects of a repository through one git that stays while it is asked: thousands of reads, one process. */
import { GitError, type GitPlace, gitCommand, TIMEOUT_MS } from './git.ts';
import { type Companion, openProcess } from './process.ts';

export interface FoundObject {
  readonly oid: string;
  readonly type: string;
  readonly bytes: number;
  readonly content: Buffer;
}

export interface ObjectReader {
  /** What a name such as `<commit>^{tree}` stands for, without its content. Undefined: there is none. A name has one line. */
  find(name: string): Promise<Omit<FoundObject, 'content'> | undefined>;
  read(name: string): Promise<FoundObject | undefined>;
  /** Ends the process, if there is one; questions that wait are refused, a later one starts another. */
  readonly end: () => void;
}

interface Question {
  readonly name: string;
  readonly withContent: boolean;
  answer(found: FoundObject | undefined): void;
  refuse(error: Error): void;
}

/** How long it waits for another question, in ms: no process is left behind by whoever forgets to end it. */
const IDLE_MS = 500;
const HEADER = /^([0-9a-f]{40,64}) (\w+) (\d+)$/;
const NEWLINE = 10;

export function createObjectReader(place: GitPlace): ObjectReader {
  let open: Conversation | undefined;
  const ask = (name: string, withContent: boolean): Promise<FoundObject | undefined> =>
    new Promise((answer, refuse) => {
      if (open === undefined || open.isOver()) open = startConversation(place);
      open.ask({ name, withContent, answer, refuse });
    });
  return { find: (name) => ask(name, false), read: (name) => ask(name, true), end: () => open?.end('it was ended') };
}

interface Conversation {
  ask(question: Question): void;
  isOver(): boolean;
  end(why: string): void;
}

/** Answers come in the order of the questions. */
function startConversation(place: GitPlace): Conversation {
  const waiting: Question[] = [];
  const output = createOutput();
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const end = (why: string): void => {
    over = true;
    clearTimeout(timer);
    git.end();
    for (const question of waiting.splice(0)) question.refuse(new GitError(`git cat-file: ${why}`, null));
  };
  const rest = (): void => {
    clearTimeout(timer);
    const isIdle = waiting.length === 0;
    git.expect(!isIdle);
    timer = setTimeout(() => end(isIdle ? 'nothing was asked' : `no answer after ${TIMEOUT_MS} ms`), isIdle ? IDLE_MS : TIMEOUT_MS);
    if (isIdle) timer.unref();
  };
  const { argv, cwd, env } = gitCommand(['cat-file', '--batch-command', '-z'], place);
  const git: Companion = openProcess(argv, {
    cwd,
    env,
    onOutput: (chunk) => {
      output.add(chunk);
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const found = output.take(next.withContent);
        if (found === 'more') break;
        waiting.shift();
        next.answer(found);
      }
      rest();
    },
    onEnd: (why) => end(why === '' ? 'it ended' : why.slice(0, 500)),
  });
  return {
    ask: (question) => {
      waiting.push(question);
      git.write(`${question.withContent ? 'contents' : 'info'} ${question.name}\0`);
      if (waiting.length === 1) rest();
    },
    isOver: () => over,
    end,
  };
}

/** What came and was not yet taken. */
function createOutput(): { add(chunk: Buffer): void; take(withContent: boolean): FoundObject | undefined | 'more' } {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let header: { readonly oid: string; readonly type: string; readonly size: number } | undefined;
  const whole = (): Buffer => {
    const [first = Buffer.alloc(0)] = pieces;
    const joined = pieces.length < 2 ? first : Buffer.concat(pieces);
    pieces = [joined];
    return joined;
  };
  const drop = (count: number): void => {
    pieces = [whole().subarray(count)];
    bytes -= count;
  };
  return {
    add: (chunk) => {
      pieces.push(chunk);
      bytes += chunk.length;
    },
    take: (withContent) => {
      if (header === undefined) {
        const at = whole().indexOf(NEWLINE);
        if (at < 0) return 'more';
        const match = HEADER.exec(whole().subarray(0, at).toString('latin1'));
        drop(at + 1);
        // "<name> missing", or ambiguous.
        if (match === null) return undefined;
        header = { oid: match[1] ?? '', type: match[2] ?? '', size: Number(match[3]) };
      }
      const { oid, type, size } = header;
      if (withContent && bytes < size + 1) return 'more';
      const content = withContent ? Buffer.from(whole().subarray(0, size)) : Buffer.alloc(0);
      if (withContent) drop(size + 1);
      header = undefined;
      return { oid, type, bytes: size, content };
    },
  };
}
