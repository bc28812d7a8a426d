import { describe, expect, it } from 'vitest';
import { cronProblem, longestGapDays } from '../../../lib/datasets/cron.ts';

it.each([
  '30 21 ? * FRI *',
  '0/15 * ? * MON-FRI *',
  '*/5 0,12 1-15/2 */3 ? 2026-2030',
  '5,10 6 1,15 JAN,MAR ? 1970,2199',
  '0 6 L * ? *',
  '0 6 3W * ? *',
  '0 6 ? * L *',
  '15 10 ? * 6L 2022-2023',
  '0 6 ? * FRIL *',
  '0 6 ? * 3#2 *',
  '0 6 ? * 1-7 *',
])('%s is correct', (cron) => {
  expect(cronProblem(cron)).toBeUndefined();
});

it.each([
  ['15 12 ? * 0 *', "day of week: use 1 (SUN) to 7 (SAT); 0 is Unix's Sunday: write SUN"],
  ['15 12 ? * 8 *', 'day of week: use 1 (SUN) to 7 (SAT), *, lists and ranges; "8" is none of them'],
  ['0 25 ? * MON *', 'hours: use 0 to 23, *, lists and ranges, and steps such as 0/15; "25" is none of them'],
  ['60 6 ? * MON *', 'minutes: use 0 to 59, *, lists and ranges, and steps such as 0/15; "60" is none of them'],
  ['0 6 32 * ? *', 'day of month: use 1 to 31, *, lists and ranges, and steps such as 0/15; "32" is none of them'],
  ['0 6 1 13 ? *', 'month: use 1 (JAN) to 12 (DEC), *, lists and ranges, and steps such as 0/15; "13" is none of them'],
  ['0 6 ? * MON 2200', 'year: use 1970 to 2199, *, lists and ranges, and steps such as 0/15; "2200" is none of them'],
  ['*/0 6 ? * MON *', 'minutes: use 0 to 59, *, lists and ranges, and steps such as 0/15; "*/0" is none of them'],
  ['0 6 ? * mon *', 'day of week: write MON in capitals'],
  [
    '0 6 ? * FRI-MON *',
    'day of week: use a range whose end is not before its start, or a list such as FRI,SAT,SUN,MON',
  ],
  ['0 20-4 ? * MON *', 'hours: use a range whose end is not before its start, or a list'],
  ['0 6 ? * TUE#6 *', 'day of week: use 1 (SUN) to 7 (SAT), *, lists and ranges; "TUE#6" is none of them'],
  ['0 6 ? * 3#1,6#3 *', 'day of week: use 1 (SUN) to 7 (SAT), *, lists and ranges; "3#1" is none of them'],
  ['0 6 ? * MON/2 *', 'day of week: use 1 (SUN) to 7 (SAT), *, lists and ranges; "MON/2" is none of them'],
  ['0 ? 1 * ? *', 'hours: use 0 to 23; ? is for the day of the month or of the week'],
  ['0 6 1 * MON *', 'use ? for the day of the month or for the day of the week, and not for both'],
  ['0 6 ? * ? *', 'use ? for the day of the month or for the day of the week, and not for both'],
  ['cron(0 6 ? * MON *)', 'leave out cron( and ): write only the fields, "0 6 ? * MON *"'],
  ['rate(1 day)', 'use a cron expression such as "0 6 ? * MON *" instead of rate(…)'],
  [
    '0 6 * * 1',
    "use six fields with one space between: minutes hours day-of-month month day-of-week year; Unix's cron has no year: add * at the end, and ? for the day of the month or of the week",
  ],
  ['0  6 ? * MON *', 'use six fields with one space between: minutes hours day-of-month month day-of-week year'],
])('%s: %s', (cron, problem) => {
  expect(cronProblem(cron)).toBe(problem);
});

describe('the longest gap between two days of a schedule, in days, is', () => {
  it.each([
    ['30 21 ? * FRI *', 7],
    ['0/15 * * * ? *', 1],
    ['0 6 ? * MON-FRI *', 3], // Friday to Monday
    ['0 6 ? * SAT,SUN *', 6],
    ['0 6 ? * L *', 7], // L is Saturday
    ['0 6 1 * ? *', 31],
    ['0 6 L * ? *', 31],
    ['0 6 31 * ? *', 61], // 31 August to 31 October
    ['0 6 1/10 * ? *', 10], // 1, 11, 21 and 31
    ['0 6 1W * ? *', 33], // the weekday nearest to the 1st is at most the 3rd
    ['0 6 ? * FRIL *', 35],
    ['0 6 ? * 6L *', 35],
    ['0 6 ? * 3#2 *', 35],
    ['0 6 1 1/3 ? *', 92],
    ['0 6 29 2 ? *', 1461],
    ['0 6 1 1 ? 2027', undefined],
  ])('%s: %s', (cron, days) => {
    expect(longestGapDays(cron)).toBe(days);
  });
});
