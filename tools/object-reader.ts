/** Reads objects of a repository through one git that stays while it is asked: thousands of reads, one process. */
import { createHash } from 'node:crypto';
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
  /** SHA-256 of the content, which is never held whole. */
  digest(name: string): Promise<string | undefined>;
  /** Ends the process, if there is one; questions that wait are refused, a later one starts another. */
  readonly end: () => void;
}

/** What of an object is wanted: its header, its content, or the digest of its content. */
type Want = 'header' | 'content' | 'digest';

/** `digest` is of the content where that was wanted, else empty. */
type Answer = FoundObject & { readonly digest: string };

interface Question {
  readonly name: string;
  readonly want: Want;
  answer(found: Answer | undefined): void;
  refuse(error: Error): void;
}

/** How long it waits for another question, in ms: no process is left behind by whoever forgets to end it. */
const IDLE_MS = 500;
const HEADER = /^([0-9a-f]{40,64}) (\w+) (\d+)$/;
const NEWLINE = 10;

export function createObjectReader(place: GitPlace): ObjectReader {
  let open: Conversation | undefined;
  const ask = (name: string, want: Want): Promise<Answer | undefined> =>
    new Promise((answer, refuse) => {
      if (open === undefined || open.isOver()) open = startConversation(place);
      open.ask({ name, want, answer, refuse });
    });
  return {
    find: (name) => ask(name, 'header'),
    read: (name) => ask(name, 'content'),
    digest: async (name) => (await ask(name, 'digest'))?.digest,
    end: () => open?.end('it was ended'),
  };
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
        const found = output.take(next.want);
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
      git.write(`${question.want === 'header' ? 'info' : 'contents'} ${question.name}\0`);
      if (waiting.length === 1) rest();
    },
    isOver: () => over,
    end,
  };
}

/** What came and was not yet taken. */
function createOutput(): { add(chunk: Buffer): void; take(want: Want): Answer | undefined | 'more' } {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let header: { readonly oid: string; readonly type: string; readonly size: number } | undefined;
  let hashed = { hash: createHash('sha256'), bytes: 0 };
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
  /** Takes what is there into the digest, and throws it away. */
  const hash = (size: number): void => {
    const part = whole().subarray(0, size - hashed.bytes);
    hashed.hash.update(part);
    hashed.bytes += part.length;
    drop(part.length);
  };
  return {
    add: (chunk) => {
      pieces.push(chunk);
      bytes += chunk.length;
    },
    take: (want) => {
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
      if (want === 'digest') hash(size);
      const left = size - hashed.bytes;
      if (want !== 'header' && bytes < left + 1) return 'more';
      const content = want === 'content' ? Buffer.from(whole().subarray(0, size)) : Buffer.alloc(0);
      if (want !== 'header') drop(left + 1);
      const digest = want === 'digest' ? hashed.hash.digest('hex') : '';
      hashed = { hash: createHash('sha256'), bytes: 0 };
      header = undefined;
      return { oid, type, bytes: size, content, digest };
    },
  };
}
