/** The live tree on a terminal: stages with attempt, what runs now, cost and time. Drawn from audit records alone. */
import { visible } from '../domain/access.ts';
import type { AuditRecord } from '../domain/audit.ts';
import { ROLE_TABLE, type Role } from '../domain/roles.ts';
import { TOLD } from '../domain/told.ts';
import type { LiveText } from '../runtime/options.ts';
import { dollars } from './print.ts';

interface StageRow {
  readonly label: string;
  /** Sub-agents stand under their stage. */
  readonly sub: boolean;
  /** Tasks that were delegated and have not started. */
  queued: number;
  state: 'running' | 'done' | 'failed' | 'waiting';
  now: string;
  /** The newest calls. */
  tools: string[];
  calls: number;
  costMicroUsd: number;
  readonly since: number;
  until: number;
}

/** How many of its newest calls, and lines of its newest words, stand under an agent that works; and how long each may be. */
const TOOLS_SHOWN = 2;
const LINES_SHOWN = 2;
const SHOWN_CHARACTERS = 100;
const MARK: Record<StageRow['state'], string> = { running: '>', done: '+', failed: 'x', waiting: '?' };

/** What was written last, by agent: `w1.1`, or a stage for the agent that has it alone. */
type Writing = ReadonlyMap<string, string>;
/** A newer server may have a role that is none here. */
const placeOf = (role: Role, agent: string): string => {
  const known = Object.hasOwn(ROLE_TABLE, role) ? ROLE_TABLE[role] : undefined;
  return known === undefined || known.agent === null ? agent : known.stage;
};

/** The lines of a run, one for each stage and attempt, oldest first. Pure. */
export function treeLines(records: readonly AuditRecord[], nowMs: number, writing: Writing = new Map()): string[] {
  const rows = new Map<string, StageRow>();
  let end = '';
  for (const record of records) {
    const at = Date.parse(record.at);
    if (record.action === 'run-end' || record.action === 'run-wait') {
      end = `${word(record, 'status', '')}${record.code === undefined ? '' : ` ${record.code}`}`;
      for (const row of rows.values()) if (row.state === 'running') row.state = record.action === 'run-wait' ? 'waiting' : 'failed';
      continue;
    }
    if (record.stage === undefined || record.action === 'run-start') continue;
    const agent = subAgentOf(record);
    const stage = `${record.stage} ${record.attempt ?? 1}`;
    if (record.action === 'agent-start') {
      const above = SUB_AGENT.exec(record.actor)?.[1];
      const parent = rows.get(above === undefined ? stage : `${stage} ${above}`);
      if (parent !== undefined) parent.queued = Math.max(0, parent.queued - 1);
    }
    const key = agent === undefined ? stage : `${stage} ${agent}`;
    const row = rows.get(key) ?? {
      label: agent === undefined ? stage : `  ${agent} ${word(record, 'title', '')}`.trimEnd().slice(0, 40),
      sub: agent !== undefined,
      queued: 0,
      state: 'running',
      now: '',
      tools: [],
      calls: 0,
      costMicroUsd: 0,
      since: at,
      until: at,
    };
    rows.set(key, row);
    end = '';
    row.until = at;
    apply(row, record);
  }
  const lines = [...rows.entries()].flatMap(([key, row]) => {
    const [stage = '', , agent = ''] = key.split(' ');
    return row.state === 'running'
      ? [rowLine(row, nowMs), ...under(row, writing.get(row.sub ? agent : stage) ?? '')]
      : [rowLine(row, nowMs)];
  });
  return end === '' ? lines : [...lines, visible(`= ${end}`)];
}

function rowLine(row: StageRow, nowMs: number): string {
  const seconds = ((row.state === 'running' ? nowMs : row.until) - row.since) / 1000;
  const cost = row.calls === 0 ? '' : `  ${row.calls} call(s) ${dollars(row.costMicroUsd)}`;
  return visible(
    `${MARK[row.state]} ${row.label.padEnd(18)} ${seconds.toFixed(1).padStart(6)} s${cost}${row.queued > 0 ? `  ${row.queued} queued` : ''}${row.state === 'running' && row.now !== '' ? `  ${row.now}` : ''}`,
  );
}

/** The end of its words, and its newest calls. */
function under(row: StageRow, text: string): string[] {
  const indent = row.sub ? '      ' : '    ';
  const said = text.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
  return [
    ...said
      .filter((line) => line !== '')
      .slice(-LINES_SHOWN)
      .map((line) => `${indent}| ${line.slice(-SHOWN_CHARACTERS)}`),
    ...row.tools.map((line) => `${indent}> ${line.slice(0, SHOWN_CHARACTERS)}`),
  ].map(visible);
}

/** The sub-agent a record is about: it acted, or its part was made. */
function subAgentOf(record: AuditRecord): string | undefined {
  const named = [record.actor, word(record, 'made_by', ''), `agent:${word(record, 'agent', '')}`];
  if (record.action === 'agent-start') named.splice(0, 2);
  return named.map((name) => SUB_AGENT.exec(name)?.[1]).find((id) => id !== undefined);
}

/** `w1.2`, and `w1.2.3.1` for one of its own. */
const SUB_AGENT = /^agent:(w\d+\.\d+(?:\.\d+\.\d+)*)$/;

function apply(row: StageRow, record: AuditRecord): void {
  switch (record.action) {
    case 'model-call':
      row.now = `asks ${word(record, 'model', 'the model')}${record.facts?.['canned'] === true ? ' (canned)' : ''}`;
      row.calls += 1;
      break;
    case 'model-answer':
      row.costMicroUsd += Number(record.facts?.['costMicroUsd'] ?? 0);
      row.now = '';
      break;
    case 'tool-call':
      row.tools = [...row.tools, toolLine(record)].slice(-TOOLS_SHOWN);
      break;
    case 'tool-refused':
      row.tools = [...row.tools.slice(0, -1), `${row.tools.at(-1) ?? word(record, 'tool', 'tool')} (refused)`];
      break;
    case 'tool-result':
      row.queued += Number(record.facts?.['tasks'] ?? 0);
      break;
    case TOLD:
      row.now = `${record.actor} says: ${word(record, 'message', '')}`.replaceAll('\n', ' ').slice(0, 100);
      break;
    case 'check-start':
      row.now = `check ${word(record, 'check', '')}`;
      break;
    case 'stage-end':
    case 'release-applied':
    case 'verify-end':
      row.state = 'done';
      break;
    case 'stage-error':
      row.state = 'failed';
      break;
    default:
      break;
  }
}

/** The record has its path or argv as JSON, cut where it is long. */
function toolLine(record: AuditRecord): string {
  const json = ['argv', 'shell', 'path', 'pattern'].map((name) => word(record, name, '')).find((one) => one !== '') ?? '';
  return `${word(record, 'tool', 'tool')} ${plain(json)}`.trim();
}

function plain(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return (Array.isArray(value) ? value.join(' ') : String(value)).replaceAll(/\s+/g, ' ');
  } catch {
    return json;
  }
}

/** A fact as text; anything that is no text or number counts as absent. */
function word(record: AuditRecord, name: string, fallback: string): string {
  const value = record.facts?.[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : fallback;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What fits: no line wider than the terminal, and the newest lines when there are too many. */
export function clipped(lines: readonly string[], size: Size): string[] {
  const most = Math.max(1, size.rows - 1);
  const kept = lines.length <= most ? lines : [`... ${lines.length - most + 1} more above`, ...lines.slice(lines.length - most + 1)];
  return kept.map((line) => cut(line, Math.max(1, size.columns - 1)));
}

/** East Asian wide characters and pictures take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function cut(line: string, columns: number): string {
  let used = 0;
  let kept = '';
  for (const character of line) {
    used += WIDE.test(character) ? 2 : 1;
    if (used > columns) break;
    kept += character;
  }
  return kept;
}

/** Draws the tree in place, at most ten times a second; `done` leaves the last picture standing. */
export function liveTree(write: (text: string) => void, size: () => Size) {
  const records: AuditRecord[] = [];
  const writing = new Map<string, string>();
  let drawn = 0;
  const draw = (): void => {
    const lines = clipped(treeLines(records, Date.now(), writing), size());
    write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[0J${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, 100);
  timer.unref();
  return {
    add: (record: AuditRecord): void => void records.push(record),
    hear: ({ role, agent, text }: Pick<LiveText, 'role' | 'agent' | 'text'>): void => {
      if (text !== '') writing.set(placeOf(role, agent), text);
    },
    done: (): void => {
      clearInterval(timer);
      draw();
    },
  };
}
