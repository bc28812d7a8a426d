import { expect, it } from 'vitest';
import { timeZoneProblem } from '../../lib/time-zone.ts';

it.each(Intl.supportedValuesOf('timeZone').filter((_, index) => index % 20 === 0))('%s is correct', (zone) => {
  expect(timeZoneProblem(zone)).toBeUndefined();
});

it.each(
  'UTC Etc/UTC Etc/GMT+3 GMT EST Asia/Kolkata Europe/Kyiv Brazil/East US/East-Indiana Singapore America/Argentina/ComodRivadavia'.split(
    ' ',
  ),
)('%s is correct, as a link', (zone) => {
  expect(timeZoneProblem(zone)).toBeUndefined();
});

const USE = 'use the IANA name of a time zone, in its exact spelling, for example America/Bahia';

it.each([
  ['america/bahia', 'America/Bahia'],
  ['AMERICA/BAHIA', 'America/Bahia'],
  ['America/Bahai', 'America/Bahia'],
  ['Bahia', 'America/Bahia'],
  ['São Paulo', 'America/Sao_Paulo'],
  ['America/Sao Paulo', 'America/Sao_Paulo'],
  ['utc', 'UTC'],
  ['asia/kolkata', 'Asia/Kolkata'],
  ['brazil/east', 'Brazil/East'],
])('%s is refused: did you mean %s?', (zone, meant) => {
  expect(timeZoneProblem(zone)).toBe(`${USE}; did you mean "${meant}"?`);
});

it.each(['+03:00', 'GMT-3', 'Mars', ''])('%j is refused', (zone) => {
  expect(timeZoneProblem(zone)).toBe(USE);
});
