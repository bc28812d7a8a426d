import { describe, expect, it } from 'vitest';
import { day, dayIn, timeZone } from '../../lib/day.ts';

describe('the day of a run', () => {
  it.each([
    ['2026-11-21T00:30:00Z', 'America/Bahia', '2026-11-20', '21:30 on a Friday in Bahia, already Saturday in UTC'],
    ['2026-11-20T21:30:00-03:00', 'America/Bahia', '2026-11-20', 'the same moment, said in Bahia'],
    ['2026-11-21T02:59:59Z', 'America/Bahia', '2026-11-20', 'the last second of that Friday'],
    ['2026-11-21T03:00:00Z', 'America/Bahia', '2026-11-21', 'the first of Saturday'],
    ['2026-11-20T23:30:00Z', 'Asia/Tokyo', '2026-11-21', 'east of UTC'],
    ['2027-01-01T00:30:00Z', 'America/Bahia', '2026-12-31', 'across a new year'],
    ['2028-02-29T12:00:00Z', 'UTC', '2028-02-29', 'a leap day'],
    ['2026-03-29T00:30:00Z', 'Europe/Lisbon', '2026-03-29', 'a night of 23 hours'],
  ])('at %s in %s is %s: %s', (instant, zone, expected) => {
    expect(dayIn(zone, new Date(instant))).toBe(expected);
    expect(day.parse(expected)).toBe(expected);
  });

  it.each([
    '2026-02-29',
    '2026-02-30',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '20261120',
    '2026-11-20T00:00',
    ' 2026-11-20',
    '',
    'today',
    20261120,
    null,
  ])('cannot be %j, which is not a date', (text) => {
    expect(day.safeParse(text).error?.issues[0]?.message).toBe('use YYYY-MM-DD, for example 2026-11-20');
  });
});

describe('a time zone', () => {
  it.each(['America/Bahia', 'UTC', 'Europe/Lisbon'])('can be %s', (zone) => {
    expect(timeZone.parse(zone)).toBe(zone);
  });

  it.each(['Bahia', 'America/Salvador', '', 'America/Bahia '])('cannot be %j', (zone) => {
    expect(timeZone.safeParse(zone).success).toBe(false);
  });
});
