import * as z from 'zod';
import type { Day } from '../day.ts';

const FIRST_YEAR = 1874;
const LAST_YEAR = 2100;

const year = z.int().min(FIRST_YEAR, `use ${FIRST_YEAR}, the year of the oldest film, or later`).max(LAST_YEAR);

/** A dataset's release years, both ends included. */
export const years = z
  .strictObject({ from: year, to: z.union([year, z.literal('current')], 'use a year, or "current"') })
  .refine(({ from, to }) => to === 'current' || from <= to, {
    path: ['to'],
    error: 'use a last year that is not before the first',
  });
export type Years = z.output<typeof years>;

/** "current" is the year of the run's day. */
export const yearsOn = ({ from, to }: Years, day: Day): { from: number; to: number } => ({
  from,
  to: to === 'current' ? Number(day.slice(0, 4)) : to,
});

/** Years as a person types them: `2012-2022`, or `2017` for one. */
export const yearRange = z
  .string()
  .regex(/^\d{4}(-\d{4})?$/, 'use 2012-2022, or 2017 for one year')
  .transform((text) => {
    const [from = 0, to = from] = text.split('-').map(Number);
    return { from, to };
  })
  .refine(({ from, to }) => from <= to, 'use a last year that is not before the first')
  .refine(({ from, to }) => from >= FIRST_YEAR && to <= LAST_YEAR, `use years from ${FIRST_YEAR} to ${LAST_YEAR}`);
