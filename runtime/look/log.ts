/** What the agents of a thread said and did: its audit trail in order, with the words and results that its transcripts hold. */
import type { AuditRecord } from '../../domain/audit.ts';
import { UsageError } from '../../domain/errors.ts';
import type { LogEvent, LogPlace } from '../../domain/log.ts';
import type { RunRow, TranscriptRow } from '../../domain/ports.ts';
import { ROLE_TABLE, ROLES } from '../../domain/roles.ts';
import { readRequest } from '../drive/open-session.ts';
import { redactorOf } from '../drive/redactor.ts';
import { PRUNED } from '../keep/gc.ts';
import type { LogReader } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { reparse } from '../start/config-file.ts';
import { callLine, note, shownArguments, shownResult, words } from './log-text.ts';

export interface LogOptions {
  /** `planner`, `lead`, `critic`, or a sub-agent's id: only what is of this one. */
  readonly agent?: string | undefined;
  /** Only what was recorded after this audit record. */
  readonly after?: number | undefined;
}

/** All of it, oldest first. @throws UsageError for an agent that the thread does not have; StopError `STATE_TAMPERED`. */
export async function logOf(runtime: Runtime, row: RunRow, { agent, after = -1 }: LogOptions): Promise<LogEvent[]> {
  const reader = await openLog(runtime, row);
  const events = await reader.next();
  assertAgent(row, reader.agents, agent);
  return events.filter((event) => event.seq > after && (agent === undefined || event.agent === agent));
}

/** While it runs, also the agents that may still come. @throws UsageError naming those there are. */
export function assertAgent(row: RunRow, seen: ReadonlySet<string>, agent: string | undefined): void {
  if (agent === undefined) return;
  const toCome = row.status === 'running' || row.live ? ROLES.filter((role) => ROLE_TABLE[role].parent === null) : [];
  const known = [...new Set([...seen, ...toCome])];
  if (!known.includes(agent))
    throw new UsageError(
      `agent ${JSON.stringify(agent)}: thread ${row.threadId} has ${known.join(', ') || 'no agent yet'}; name one of them`,
    );
}

/** What is known of an agent in one attempt. */
interface Standing {
  step: number;
  /** False where its newest answer is not in the transcripts (any more): its calls are told from the trail. */
  shown: boolean;
}

/** A reading under way. */
interface Reading {
  readonly runtime: Runtime;
  readonly threadId: string;
  readonly redact: (text: string) => string;
  readonly agents: Set<string>;
  readonly standings: Map<string, Standing>;
  /** Rows that were told already, by agent and attempt. */
  readonly told: Set<string>;
  pruned: boolean;
}

export async function openLog(runtime: Runtime, row: RunRow): Promise<LogReader> {
  const { threadId } = row;
  const redact = await maskOf(runtime, row);
  const reading: Reading = { runtime, threadId, redact, agents: new Set(), standings: new Map(), told: new Set(), pruned: false };
  let after = 0;
  return {
    agents: reading.agents,
    next: async () => {
      const records = await runtime.stores.audit.read({ threadId, afterSeq: after });
      const events: LogEvent[] = [];
      const pruned = reading.pruned ? undefined : records.find(({ action }) => action === PRUNED);
      if (pruned !== undefined) {
        reading.pruned = true;
        events.push({
          type: 'pruned',
          ...wholeRun(pruned),
          seq: 0,
          text: `gc removed the transcripts of this thread at ${pruned.at}: words and results are gone, the rest is from the audit trail`,
        });
      }
      for (const record of records) {
        events.push(...(await eventsOf(reading, record)));
        after = record.seq;
      }
      return events;
    },
  };
}

/** Masks what this process knows of the run's secrets; where its request cannot be read, those that every run has. */
async function maskOf(runtime: Runtime, row: RunRow): Promise<(text: string) => string> {
  const config = await readRequest(runtime, row)
    .then(({ request }) => reparse(request.config))
    .catch(() => undefined);
  return redactorOf(runtime.env, config);
}

const textOf = (record: AuditRecord, name: string): string => {
  const value = record.facts?.[name];
  return typeof value === 'string' ? value : '';
};
const numberOf = (record: AuditRecord, name: string): number => {
  const value = record.facts?.[name];
  return typeof value === 'number' ? value : 0;
};
const exitCodeOf = (record: AuditRecord): number | null =>
  typeof record.facts?.['exit_code'] === 'number' ? record.facts['exit_code'] : null;

const isAgent = (actor: string): boolean => actor.startsWith('agent:');
const nameIn = (actor: string): string => (isAgent(actor) ? actor.slice('agent:'.length) : 'governor');
const wholeRun = ({ seq, at, stage = '', attempt = 0 }: AuditRecord): LogPlace => ({ seq, at, stage, attempt, agent: 'governor', step: 0 });

function standingOf({ standings }: Reading, { stage = '', attempt = 0, actor }: AuditRecord): Standing {
  const key = `${stage} ${attempt} ${actor}`;
  const found = standings.get(key) ?? { step: 0, shown: false };
  standings.set(key, found);
  return found;
}

/** Where an agent's record stands. */
function placeOf(reading: Reading, record: AuditRecord): LogPlace {
  return { ...wholeRun(record), agent: nameIn(record.actor), step: standingOf(reading, record).step };
}

async function eventsOf(reading: Reading, record: AuditRecord): Promise<LogEvent[]> {
  const { redact } = reading;
  switch (record.action) {
    case 'model-call':
      reading.agents.add(nameIn(record.actor));
      standingOf(reading, record).step = numberOf(record, 'call');
      return [];
    case 'model-answer':
      return answerEvents(reading, record);
    case 'tool-call':
      return standingOf(reading, record).shown ? [] : [callFromTrail(reading, record)];
    case 'tool-result':
    case 'tool-refused':
      return [await resultEvent(reading, record)];
    case 'model-error':
      return [{ type: 'fault', ...placeOf(reading, record), text: note(textOf(record, 'message'), redact) }];
    case 'check-end':
      return [
        {
          type: 'check',
          ...wholeRun(record),
          check: redact(textOf(record, 'check')),
          status: textOf(record, 'status'),
          exit_code: exitCodeOf(record),
        },
      ];
    case 'stage-end':
      return [{ type: 'hand-over', ...wholeRun(record), agent: nameIn(textOf(record, 'made_by')), file: textOf(record, 'file') }];
    default:
      return isOfRun(record.action) ? [runEvent(record, redact)] : [];
  }
}

const OF_RUN: ReadonlySet<string> = new Set([
  'stage-error',
  'approval-request',
  'approval-decided',
  'release-applied',
  'verify-end',
  'rollback-applied',
]);
const isOfRun = (action: string): boolean => OF_RUN.has(action) || (action.startsWith('run-') && action !== PRUNED);

function runEvent(record: AuditRecord, redact: Reading['redact']): LogEvent {
  const { action, code = '' } = record;
  const status = textOf(record, 'status') || textOf(record, 'decision') || textOf(record, 'gate');
  return {
    type: 'run',
    ...wholeRun(record),
    action,
    status,
    code,
    text: note(textOf(record, 'message') || textOf(record, 'comment'), redact),
  };
}

/** What the agent was told since its last answer, its words and its calls; nothing where the transcripts do not have it. */
async function answerEvents(reading: Reading, record: AuditRecord): Promise<LogEvent[]> {
  const { redact } = reading;
  const standing = standingOf(reading, record);
  standing.step = numberOf(record, 'call');
  const rows = await chainOf(reading, textOf(record, 'row'));
  const answer = rows?.at(-1)?.message;
  standing.shown = answer?.role === 'assistant';
  if (rows === undefined || answer?.role !== 'assistant') return [];
  const place = placeOf(reading, record);
  const before = rows.slice(0, -1);
  // The first row of all is the brief.
  const since = before.slice(
    Math.max(
      0,
      before.findLastIndex((row) => row.message.role === 'assistant'),
    ) + 1,
  );
  return [
    ...since.flatMap((row) => toldEvents(reading, record, row)),
    ...(answer.content === '' ? [] : [{ type: 'words' as const, ...place, text: words(answer.content, redact) }]),
    ...answer.toolCalls.map(({ id, name, arguments: raw }) => ({
      type: 'call' as const,
      ...place,
      id,
      tool: redact(name).slice(0, 64),
      line: callLine(redact(name).slice(0, 64), raw, redact),
      arguments: shownArguments(raw, redact),
    })),
  ];
}

/** A row that came before an answer: a note, a compaction, or a result that no record of its own tells of. */
function toldEvents(reading: Reading, record: AuditRecord, { id, message }: TranscriptRow): LogEvent[] {
  const { redact } = reading;
  const place = placeOf(reading, record);
  if (!isNew(reading, record, id)) return [];
  switch (message.role) {
    case 'user':
    case 'system':
      return [{ type: 'note', ...place, text: note(message.content, redact) }];
    case 'compaction':
      return [{ type: 'compaction', ...place, text: note(message.content || 'the newest results were cut to fit the window', redact) }];
    case 'tool': {
      const { toolCallId, toolName, content } = message;
      return [
        { type: 'result', ...place, id: toolCallId, tool: redact(toolName), outcome: 'ok', ...shownResult(toolName, content, redact) },
      ];
    }
    case 'assistant':
      return [];
    default:
      return message satisfies never;
  }
}

/** True once for each row of an agent in an attempt. */
function isNew({ told }: Reading, { stage, attempt, actor }: AuditRecord, row: string): boolean {
  const key = `${stage} ${attempt} ${actor} ${row}`;
  if (told.has(key)) return false;
  told.add(key);
  return true;
}

const SUBJECT = ['argv', 'shell', 'path', 'pattern'];

/** The record has its path or argv, as JSON and cut. */
function callFromTrail(reading: Reading, record: AuditRecord): LogEvent {
  const tool = reading.redact(textOf(record, 'tool'));
  const subject = SUBJECT.map((name) => textOf(record, name)).find((value) => value !== '') ?? '';
  return { type: 'call', ...placeOf(reading, record), id: '', tool, line: reading.redact(`${tool} ${subject}`).trim(), arguments: {} };
}

type Outcome = Extract<LogEvent, { type: 'result' }>['outcome'];
const OUTCOMES: readonly Outcome[] = ['ok', 'error', 'refused', 'invalid', 'handed-over', 'delegated'];

async function resultEvent(reading: Reading, record: AuditRecord): Promise<LogEvent> {
  const { redact } = reading;
  const row = textOf(record, 'row');
  const tool = textOf(record, 'tool');
  const said = textOf(record, 'message');
  const outcome = OUTCOMES.find((one) => one === textOf(record, 'outcome')) ?? (record.code === undefined ? 'invalid' : 'refused');
  const place = { type: 'result' as const, ...placeOf(reading, record), tool: redact(tool), outcome };
  if (row !== '') isNew(reading, record, row);
  // The row of a refusal may come a moment later than its record, which says the same.
  const message = said === '' ? (await chainOf(reading, row))?.at(-1)?.message : undefined;
  if (message?.role === 'tool') return { ...place, id: message.toolCallId, ...shownResult(tool, message.content, redact) };
  const { bytes, text } = shownResult('', said, redact);
  return { ...place, id: '', bytes: numberOf(record, 'bytes') || bytes, text };
}

/** The transcript up to a row; undefined where `gc` took it, or where the record is older than the pointer to it. */
async function chainOf({ runtime, threadId, pruned }: Reading, row: string): Promise<TranscriptRow[] | undefined> {
  return row === '' || pruned ? undefined : runtime.stores.transcripts.chain(threadId, row);
}
