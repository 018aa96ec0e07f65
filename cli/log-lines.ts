/** An event of the log as plain lines for a person. */
import { visible } from '../domain/access.ts';
import type { LogEvent } from '../domain/log.ts';

const INDENT = '    ';

/** One line, or a first line and what is indented under it. */
export function logLines(event: LogEvent): string {
  const where = event.stage === '' ? '' : ` ${event.stage}${event.attempt === 0 ? '' : `#${event.attempt}`}`;
  const who = event.agent === 'governor' ? '' : ` ${event.agent}${event.step === 0 ? '' : ` ${event.step}`}`;
  return visible(`${event.at.slice(11, 19)}${where}${who}${said(event)}`);
}

function said(event: LogEvent): string {
  switch (event.type) {
    case 'words':
      return `: ${hung(event.text)}`;
    case 'call':
      return ` > ${event.line}`;
    case 'result':
      return ` < ${event.tool} ${ended(event)} (${event.bytes} bytes)${under(event.text)}`;
    case 'note':
    case 'compaction':
    case 'fault':
      return ` [${event.type}] ${hung(event.text)}`;
    case 'check':
      return ` check ${event.check} ${event.status}${event.exit_code === null ? '' : `, exit ${event.exit_code}`}`;
    case 'hand-over':
      return ` hands over ${event.file}`;
    case 'run': {
      const words = [event.action, event.status, event.code].filter((word) => word !== '').join(' ');
      return ` ${words}${event.text === '' ? '' : `: ${hung(event.text)}`}`;
    }
    case 'pruned':
      return ` [pruned] ${event.text}`;
    default:
      return event satisfies never;
  }
}

function ended({ outcome, exit_code: code }: Extract<LogEvent, { type: 'result' }>): string {
  if (code === undefined) return outcome;
  return code === null ? 'was killed' : `exit ${code}`;
}

const hung = (text: string): string => text.trimEnd().replaceAll('\n', `\n${INDENT}`);
const under = (text: string): string => (text.trim() === '' ? '' : `\n${INDENT}${hung(text)}`);
