import * as z from 'zod';
import { timeZoneProblem } from './time-zone.ts';

/** A calendar day as `YYYY-MM-DD`. */
export type Day = `${number}-${number}-${number}`;

export const day = z
  .custom<Day>((text) => typeof text === 'string' && isDay(text), 'use YYYY-MM-DD, for example 2026-11-20')
  .meta({ description: 'A day, as YYYY-MM-DD' });

const isDay = (text: string): text is Day =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) === true;

/**
 * The day in a time zone at an instant: 21:30 on a Friday in Bahia is already Saturday in UTC.
 *
 * @param zone An IANA name, such as America/Bahia.
 */
export const dayIn = (zone: string, instant: Date): Day => {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(instant);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}` as Day;
};

export const timeZone = z
  .string()
  .check(({ value, issues }) => {
    const message = timeZoneProblem(value);
    if (message) issues.push({ code: 'custom', message, input: value });
  })
  .meta({ description: 'IANA time zone, such as America/Bahia' });
