/** When a cron ticks: five fields of cron, in a time zone, over the days on which its clocks are changed. */
import { Cron } from 'croner';
import { toError } from '../../domain/errors.ts';
import { Problem } from '../http/problem.ts';

export interface Schedule {
  readonly schedule: string;
  /** IANA name; null: UTC. */
  readonly timezone: string | null;
  /** Ms since 1970 after which nothing ticks; null: never. */
  readonly endAt: number | null;
}

const MAX_CHARACTERS = 200;
/** Ticks whose distances are looked at: a cron is a product of fields, so its nearest ticks come together at once. */
const LOOKED_AT = 150;
const EXAMPLE = 'five fields: minute hour day month weekday, such as "0 9 * * 1-5"';
const NICKNAMES = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

/** Where the clock is put forward croner moves a fixed time to the end of the gap; put back, it takes the first of the two. */
const opened = ({ schedule, timezone }: Schedule): Cron =>
  new Cron(secondsFirst(schedule), { paused: true, timezone: timezone ?? 'UTC', sloppyRanges: false });

/** The hosted server's cron (croniter) has seconds as the sixth and last field, croner as the first. */
function secondsFirst(schedule: string): string {
  const fields = schedule.trim().split(/\s+/);
  return fields.length === 6 ? [fields[5], ...fields.slice(0, 5)].join(' ') : fields.join(' ');
}

/** The first tick after this moment, both in ms since 1970; null: none comes. */
export function tickAfter(given: Schedule, afterMs: number): number | null {
  const next = opened(given).nextRun(new Date(afterMs))?.getTime() ?? null;
  return next === null || (given.endAt !== null && next > given.endAt) ? null : next;
}

/** The newest tick at or before this moment, when the first of those that were missed was due at `dueMs`. */
export function newestTick(given: Schedule, dueMs: number, nowMs: number): number {
  const latest = given.endAt === null ? nowMs : Math.min(nowMs, given.endAt);
  // Strictly before the moment, to the second.
  const [found] = opened(given).previousRuns(1, new Date((Math.floor(latest / 1000) + 1) * 1000));
  return Math.max(dueMs, Math.min(found?.getTime() ?? dueMs, latest));
}

/** @throws Problem 422 naming field, value and mend. */
export function checkSchedule(given: Schedule, { nowMs, minIntervalMs }: { readonly nowMs: number; readonly minIntervalMs: number }): void {
  const { schedule, endAt } = given;
  checkTimezone(given.timezone);
  const cron = checkedFields(given);
  if (endAt !== null && endAt <= nowMs)
    throw new Problem(422, `end_time: ${new Date(endAt).toISOString()} has passed; give a later moment, or leave it out`);
  const ticks = cron.nextRuns(LOOKED_AT, new Date(nowMs)).map((tick) => tick.getTime());
  const [first] = ticks;
  if (first === undefined) throw refused(schedule, 'never comes', 'name a day that there is');
  if (endAt !== null && first > endAt)
    throw new Problem(
      422,
      `end_time: ${new Date(endAt).toISOString()} is before the first tick of ${JSON.stringify(schedule)}, ${new Date(first).toISOString()}; give a later moment`,
    );
  const nearest = ticks.reduce((least, tick, index) => Math.min(least, tick - (ticks[index - 1] ?? -Infinity)), Infinity);
  if (nearest < minIntervalMs)
    throw refused(
      schedule,
      `has ticks ${nearest / 1000} s apart (at least ${minIntervalMs / 1000} s, server.crons.minIntervalSeconds)`,
      'make it rarer',
    );
}

function checkTimezone(timezone: string | null): void {
  if (timezone === null) return;
  // An offset such as +02:00 is one to Intl.
  const isKnown = /^[A-Za-z]/.test(timezone) && timezone.length <= 100 && isZone(timezone);
  if (!isKnown)
    throw new Problem(422, `timezone: ${JSON.stringify(timezone.slice(0, 100))} is no IANA time zone; give one such as "Europe/Berlin"`);
}

function isZone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}

function checkedFields(given: Schedule): Cron {
  const { schedule } = given;
  const fields = schedule.trim().split(/\s+/);
  if (schedule.length > MAX_CHARACTERS) throw refused(schedule, `has ${schedule.length} characters (at most ${MAX_CHARACTERS})`, EXAMPLE);
  if (fields.length === 1 ? !NICKNAMES.includes(fields[0] ?? '') : fields.length !== 5 && fields.length !== 6)
    throw refused(
      schedule,
      `has ${fields.length} fields`,
      `${EXAMPLE}; a sixth one is seconds, and comes last; or ${NICKNAMES.join(', ')}`,
    );
  // To croner `?` is the moment at which it reads it, which no restart could read again.
  if (fields.length > 1 && !/^[0-9A-Za-z*/,#\s-]+$/.test(schedule))
    throw refused(schedule, 'has a character that no field has', `digits, names, * / , - # and L; ${EXAMPLE}`);
  try {
    return opened(given);
  } catch (error) {
    throw refused(schedule, toError(error).message.replace(/^Cron\w+: /, ''), EXAMPLE);
  }
}

const refused = (schedule: string, rule: string, mend: string): Problem =>
  new Problem(422, `schedule: ${JSON.stringify(schedule.slice(0, MAX_CHARACTERS))} ${rule}; ${mend}`);
