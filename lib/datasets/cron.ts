/*
 * The six fields of a cron expression of EventBridge Scheduler. CloudFormation refuses a wrong one, but only after minutes.
 *
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html (read 2026-11-25).
 */

interface CronField {
  name: string;
  from: number;
  to: number;
  /** Names for the numbers, from `from` on. */
  names?: readonly string[];
  /** What else the field can be, besides numbers, names, lists, ranges and steps. */
  special?: RegExp;
  /** Whether it has steps, such as 0/15. */
  steps: boolean;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const FIELDS: readonly CronField[] = [
  { name: 'minutes', from: 0, to: 59, steps: true },
  { name: 'hours', from: 0, to: 23, steps: true },
  // 15W is the weekday nearest to the 15th; L is the last day.
  { name: 'day of month', from: 1, to: 31, special: /^(\?|L|([1-9]|[12]\d|3[01])W)$/, steps: true },
  { name: 'month', from: 1, to: 12, names: MONTHS, steps: true },
  // 6L and FRIL are the last Friday of the month, 3#2 the second Tuesday.
  {
    name: 'day of week',
    from: 1,
    to: 7,
    names: DAYS,
    special: new RegExp(`^(\\?|([1-7]|${DAYS.join('|')})?L|([1-7]|${DAYS.join('|')})#[1-5])$`),
    steps: false,
  },
  { name: 'year', from: 1970, to: 2199, steps: true },
];

/** What is wrong with a cron expression, and what to write; undefined for a correct one. */
export const cronProblem = (cron: string): string | undefined => {
  const [, call, inside] = /^(cron|rate|at)\((.*)\)$/.exec(cron.trim()) ?? [];
  if (call === 'cron') return `leave out cron( and ): write only the fields, ${JSON.stringify(inside)}`;
  if (call) return `use a cron expression such as "0 6 ? * MON *" instead of ${call}(…)`;
  const parts = cron.split(' ');
  if (parts.some((part) => !part) || parts.length !== FIELDS.length)
    return `use six fields with one space between: minutes hours day-of-month month day-of-week year${parts.length === 5 ? "; Unix's cron has no year: add * at the end, and ? for the day of the month or of the week" : ''}`;
  const wrong = FIELDS.flatMap((field, index) => fieldProblem(field, parts[index] ?? '') ?? []);
  if (wrong.length) return wrong.join('; ');
  return [parts[2], parts[4]].filter((part) => part === '?').length === 1
    ? undefined
    : 'use ? for the day of the month or for the day of the week, and not for both';
};

const fieldProblem = (field: CronField, text: string): string | undefined => {
  if (field.special?.test(text)) return undefined;
  const bad = text.split(',').find((item) => !isItem(field, item));
  return bad === undefined ? undefined : `${field.name}: ${allowed(field, bad)}`;
};

const isItem = (field: CronField, item: string): boolean => {
  const [values = '', step, ...more] = item.split('/');
  if (more.length > 0) return false;
  if (step !== undefined && !(field.steps && /^[1-9]\d{0,2}$/.test(step) && Number(step) <= field.to)) return false;
  if (values === '*') return true;
  const [from = '', to, ...rest] = values.split('-');
  const [first, last] = [numberFor(field, from), to === undefined ? undefined : numberFor(field, to)];
  return rest.length === 0 && first !== undefined && (to === undefined || (last !== undefined && first <= last));
};

const numberFor = ({ from, to, names }: CronField, text: string): number | undefined => {
  const number = names?.includes(text)
    ? names.indexOf(text) + from
    : /^\d{1,4}$/.test(text)
      ? Number(text)
      : Number.NaN;
  return number >= from && number <= to ? number : undefined;
};

const allowed = (field: CronField, bad: string): string => {
  const { name, from, to, names } = field;
  const range = names ? `${from} (${names[0]}) to ${to} (${names.at(-1)})` : `${from} to ${to}`;
  const capitals = names && bad !== bad.toUpperCase() && isItem(field, bad.toUpperCase());
  if (capitals) return `write ${bad.toUpperCase()} in capitals`;
  if (name === 'day of week' && bad === '0') return `use ${range}; 0 is Unix's Sunday: write SUN`;
  if (bad === '?') return `use ${range}; ? is for the day of the month or of the week`;
  const [first, last] = bad.split('-').map((one) => numberFor(field, one));
  if (first !== undefined && last !== undefined && /^\w+-\w+$/.test(bad))
    return `use a range whose end is not before its start, or a list${names ? ` such as ${around(names, first - from, last - from)}` : ''}`;
  return `use ${range}, *, lists and ranges${field.steps ? ', and steps such as 0/15' : ''}; ${JSON.stringify(bad)} is none of them`;
};

/** FRI,SAT,SUN,MON: the names from one to an earlier one. */
const around = (names: readonly string[], first: number, last: number): string =>
  [...names.slice(first), ...names.slice(0, last + 1)].join(',');
