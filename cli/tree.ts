/** The live tree on a terminal: stages with attempt, what runs now, cost and time. Drawn from audit records alone. */
import { visible } from '../domain/access.ts';
import type { AuditRecord } from '../domain/audit.ts';
import { dollars } from './print.ts';

interface StageRow {
  readonly stage: string;
  readonly attempt: number;
  state: 'running' | 'done' | 'failed' | 'waiting';
  now: string;
  calls: number;
  costMicroUsd: number;
  readonly since: number;
  until: number;
}

const MARK: Record<StageRow['state'], string> = { running: '>', done: '+', failed: 'x', waiting: '?' };

/** The lines of a run, one for each stage and attempt, oldest first. Pure. */
export function treeLines(records: readonly AuditRecord[], nowMs: number): string[] {
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
    const key = `${record.stage} ${record.attempt ?? 1}`;
    const row = rows.get(key) ?? {
      stage: record.stage,
      attempt: record.attempt ?? 1,
      state: 'running',
      now: '',
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
  const lines = [...rows.values()].map((row) => {
    const seconds = ((row.state === 'running' ? nowMs : row.until) - row.since) / 1000;
    const cost = row.calls === 0 ? '' : `  ${row.calls} call(s) ${dollars(row.costMicroUsd)}`;
    return visible(
      `${MARK[row.state]} ${`${row.stage} ${row.attempt}`.padEnd(18)} ${seconds.toFixed(1).padStart(6)} s${cost}${row.state === 'running' && row.now !== '' ? `  ${row.now}` : ''}`,
    );
  });
  return end === '' ? lines : [...lines, visible(`= ${end}`)];
}

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
      row.now = `${word(record, 'tool', 'tool')} ${word(record, 'path', word(record, 'argv', ''))}`.trim().slice(0, 60);
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

/** A fact as text; anything that is no text or number counts as absent. */
function word(record: AuditRecord, name: string, fallback: string): string {
  const value = record.facts?.[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : fallback;
}

/** Draws the tree in place, at most ten times a second; `done` leaves the last picture standing. */
export function liveTree(write: (text: string) => void): { add: (record: AuditRecord) => void; done: () => void } {
  const records: AuditRecord[] = [];
  let drawn = 0;
  const draw = (): void => {
    const lines = treeLines(records, Date.now());
    write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[0J${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, 100);
  timer.unref();
  return {
    add: (record) => records.push(record),
    done: () => {
      clearInterval(timer);
      draw();
    },
  };
}
