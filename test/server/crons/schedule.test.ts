/** When a cron ticks: fields, time zones, the days on which clocks are changed, what was missed, and what is no schedule. */
import { describe, expect, test } from 'vitest';
import { checkSchedule, newestTick, type Schedule, tickAfter } from '../../../server/crons/schedule.ts';

const at = (text: string): number => Date.parse(text);
const when = (schedule: string, timezone: string | null = null, end: string | null = null): Schedule => ({
  schedule,
  timezone,
  endAt: end === null ? null : at(end),
});

/** The first ticks after a moment. */
function ticks(given: Schedule, from: string, count: number): string[] {
  const found: string[] = [];
  let after: number | null = at(from);
  while (found.length < count) {
    after = tickAfter(given, after);
    if (after === null) break;
    found.push(new Date(after).toISOString().replace('.000Z', 'Z'));
  }
  return found;
}

describe('a tick', () => {
  test('is in UTC, or in the zone that is named', () => {
    expect(ticks(when('0 9 * * 1-5'), '2026-07-03T10:00:00Z', 2)).toEqual(['2026-07-06T09:00:00Z', '2026-07-07T09:00:00Z']);
    expect(ticks(when('0 9 * * 1-5', 'America/New_York'), '2026-07-03T10:00:00Z', 2)).toEqual([
      '2026-07-03T13:00:00Z',
      '2026-07-06T13:00:00Z',
    ]);
  });

  test('a day of the month or a weekday is enough, as in every cron', () => {
    expect(ticks(when('0 0 13 * 5'), '2026-02-01T00:00:00Z', 3)).toEqual([
      '2026-02-06T00:00:00Z',
      '2026-02-13T00:00:00Z',
      '2026-02-20T00:00:00Z',
    ]);
  });

  test('a sixth field is seconds, and comes last, as the hosted server reads it', () => {
    expect(ticks(when('0 12 * * * 30'), '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T12:00:30Z']);
  });

  test('at a fixed time in the hour that is skipped comes at the end of the gap, once', () => {
    expect(ticks(when('30 2 * * *', 'Europe/Berlin'), '2026-03-28T12:00:00Z', 2)).toEqual(['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z']);
  });

  test('at a fixed time in the hour that is doubled comes in the first of the two alone', () => {
    expect(ticks(when('30 2 * * *', 'Europe/Berlin'), '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z']);
    expect(ticks(when('30 1 * * *', 'America/New_York'), '2026-10-31T12:00:00Z', 2)).toEqual([
      '2026-11-01T05:30:00Z',
      '2026-11-02T06:30:00Z',
    ]);
  });

  test('that repeats goes on by the time that passes: none for what is skipped, each for what is doubled', () => {
    expect(ticks(when('*/30 * * * *', 'Europe/Berlin'), '2026-03-29T00:10:00Z', 3)).toEqual([
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T01:30:00Z',
    ]);
    expect(ticks(when('*/30 * * * *', 'Europe/Berlin'), '2026-10-24T23:40:00Z', 5)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:00:00Z',
    ]);
  });

  test('the end time is the last moment for one', () => {
    expect(ticks(when('0 * * * *', null, '2026-01-01T02:00:00Z'), '2026-01-01T00:30:00Z', 5)).toEqual([
      '2026-01-01T01:00:00Z',
      '2026-01-01T02:00:00Z',
    ]);
    expect(ticks(when('0 * * * *', null, '2026-01-01T01:59:59Z'), '2026-01-01T00:30:00Z', 5)).toEqual(['2026-01-01T01:00:00Z']);
  });
});

describe('of the ticks that were missed', () => {
  const newest = (given: Schedule, due: string, now: string): string => new Date(newestTick(given, at(due), at(now))).toISOString();

  test('the newest is made', () => {
    expect(newest(when('*/10 * * * *'), '2026-01-01T00:10:00Z', '2026-01-03T07:34:56.789Z')).toBe('2026-01-03T07:30:00.000Z');
    expect(newest(when('30 2 * * *', 'Europe/Berlin'), '2026-10-20T00:30:00Z', '2026-10-25T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
  });

  test('one that is due this very moment is itself', () => {
    for (const now of ['2026-01-01T00:10:00.000Z', '2026-01-01T00:10:00.020Z', '2026-01-01T00:19:59.999Z'])
      expect(newest(when('*/10 * * * *'), '2026-01-01T00:10:00Z', now)).toBe('2026-01-01T00:10:00.000Z');
  });

  test('none is newer than the end time', () => {
    expect(newest(when('*/10 * * * *', null, '2026-01-01T00:35:00Z'), '2026-01-01T00:10:00Z', '2026-01-02T00:00:00Z')).toBe(
      '2026-01-01T00:30:00.000Z',
    );
  });
});

describe('a schedule is refused', () => {
  const check = (given: Schedule, minIntervalMs = 60_000) => checkSchedule(given, { nowMs: at('2026-06-01T00:00:00Z'), minIntervalMs });

  test.each([
    ['61 * * * *', /^schedule: "61 \* \* \* \*" Invalid value for minute: 61; five fields/],
    ['every day', /^schedule: "every day" has 2 fields; five fields.*"0 9 \* \* 1-5".*@daily/],
    ['0 9 ? * *', /^schedule: "0 9 \? \* \*" has a character/],
    ['0 0 30 2 *', /^schedule: "0 0 30 2 \*" never comes; name a day/],
    ['@reboot', /^schedule: "@reboot" has 1 fields/],
    ['0 0 1 1 * 2099', /^schedule: /],
    [`${'0,'.repeat(200)}0 * * * *`, /has \d+ characters \(at most 200\)/],
    [
      '* * * * * *',
      /^schedule: "\* \* \* \* \* \*" has ticks 1 s apart \(at least 60 s, server\.crons\.minIntervalSeconds\); make it rarer/,
    ],
    ['0 0 * * * 0,30', /30 s apart/],
  ])('%s', (schedule, message) => {
    expect(() => check(when(schedule))).toThrow(expect.objectContaining({ status: 422, message: expect.stringMatching(message) }));
  });

  test.each(['Mars/Olympus', '+02:00', '', 'Europe/Berlin; DROP'])('for its zone %j, which is none', (zone) => {
    expect(() => check(when('0 9 * * *', zone))).toThrow(
      expect.objectContaining({
        status: 422,
        message: expect.stringMatching(/^timezone: ".*" is no IANA time zone; give one such as "Europe\/Berlin"/),
      }),
    );
  });

  test('for an end that has passed, or comes before its first tick', () => {
    expect(() => check(when('0 9 * * *', null, '2026-05-31T23:00:00Z'))).toThrow(
      /^end_time: 2026-05-31T23:00:00.000Z has passed; give a later/,
    );
    expect(() => check(when('0 9 * * *', null, '2026-06-01T08:59:59Z'))).toThrow(
      /^end_time: .* is before the first tick of "0 9 \* \* \*", 2026-06-01T09:00:00/,
    );
    expect(() => check(when('0 9 * * *', null, '2026-06-01T09:00:00Z'))).not.toThrow();
  });

  test('not for its look: names, ranges, lists, steps, the last day, nicknames, any blanks', () => {
    for (const schedule of [
      '* * * * *',
      '0 9 * jan-MAR mon,WED',
      '0 0 L * *',
      '5-55/10 8-18 * * 1-5',
      '0 0 29 2 *',
      ' 0  9 * * * ',
      '@daily',
      '0 0 1 * 5#2',
    ])
      expect(() => check(when(schedule)), schedule).not.toThrow();
    expect(() => check(when('0 9 * * *', 'US/Eastern'))).not.toThrow();
    expect(() => check(when('* * * * * *'), 1000)).not.toThrow();
    expect(() => check(when('0 9 * * * 30'))).not.toThrow();
  });

  test('for ticks that are nearer than the operator allows, once a year too', () => {
    expect(() => check(when('0,1 0 1 1 *'), 5 * 60_000)).toThrow(/60 s apart \(at least 300 s/);
    expect(() => check(when('*/5 * * * *'), 5 * 60_000)).not.toThrow();
  });
});
