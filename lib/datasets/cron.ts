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

/** Days that are looked at: twelve years from a Monday, so that the 29th of February comes three times. */
const LOOKED_AT = { from: Date.UTC(2024, 0, 1), days: 12 * 366 };

const DAY_MS = 86_400_000;

/**
 * The longest time between two days on which a schedule starts a run, in days: 7 for "30 21 ? * FRI *".
 *
 * @param cron A correct expression.
 * @returns undefined where it has fewer than two such days from 2024 to 2035.
 */
export const longestGapDays = (cron: string): number | undefined => {
  const [, , dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = cron.split(' ');
  const [, , ofMonth, months, ofWeek, years] = FIELDS as [
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
  ];
  const isDay = (index: number): boolean => {
    const date = new Date(LOOKED_AT.from + index * DAY_MS);
    return (
      includes(years, year, date.getUTCFullYear()) &&
      includes(months, month, date.getUTCMonth() + 1) &&
      (isDayOfMonth(dayOfMonth, date) ?? includes(ofMonth, dayOfMonth, date.getUTCDate())) &&
      (isDayOfWeek(ofWeek, dayOfWeek, date) ?? includes(ofWeek, dayOfWeek, date.getUTCDay() + 1))
    );
  };
  const days = Array.from({ length: LOOKED_AT.days }, (_, index) => index).filter(isDay);
  return days.length < 2 ? undefined : Math.max(...days.slice(1).map((day, index) => day - (days[index] ?? day)));
};

/** Whether numbers, names, ranges and steps include a value. */
const includes = (field: CronField, text: string, value: number): boolean =>
  text.split(',').some((item) => {
    const [values = '', step] = item.split('/');
    const [from = field.from, to] =
      values === '*' ? [field.from, field.to] : values.split('-').map((one) => numberFor(field, one));
    const last = to ?? (step === undefined ? from : field.to);
    return value >= from && value <= last && (value - from) % Number(step ?? 1) === 0;
  });

const lastOfMonth = (date: Date): number =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();

/** What ?, L and 15W say; undefined for everything else. */
const isDayOfMonth = (text: string, date: Date): boolean | undefined => {
  if (text === '?') return true;
  const last = lastOfMonth(date);
  if (text === 'L') return date.getUTCDate() === last;
  if (!text.endsWith('W')) return undefined;
  // The weekday nearest to that day, in the same month.
  const wanted = Number.parseInt(text, 10);
  if (wanted > last) return false;
  const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), wanted)).getUTCDay();
  const moved =
    weekday === 6
      ? wanted === 1
        ? 3
        : wanted - 1
      : weekday === 0
        ? wanted === last
          ? wanted - 2
          : wanted + 1
        : wanted;
  return date.getUTCDate() === moved;
};

/** What ?, L, FRIL and 3#2 say; undefined for everything else. */
const isDayOfWeek = (field: CronField, text: string, date: Date): boolean | undefined => {
  if (text === '?') return true;
  const weekday = date.getUTCDay() + 1;
  if (text === 'L') return weekday === field.to;
  const [day, nth] = text.split('#');
  if (nth !== undefined)
    return numberFor(field, day ?? '') === weekday && Math.ceil(date.getUTCDate() / 7) === Number(nth);
  if (!text.endsWith('L')) return undefined;
  return numberFor(field, text.slice(0, -1)) === weekday && date.getUTCDate() + 7 > lastOfMonth(date);
};
