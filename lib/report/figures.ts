/** Separates thousands: a narrow space at which a line does not break. */
const THIN = '\u202f';
/** Between a number and its unit. */
const FIXED = '\u00a0';

/** 1531 as "1 531", with a narrow space. */
export const grouped = (value: number): string => {
  const [whole = '', part] = String(Math.abs(value)).split('.');
  const text = whole.replaceAll(/\B(?=(\d{3})+$)/g, THIN);
  return `${value < 0 ? '−' : ''}${text}${part === undefined ? '' : `.${part}`}`;
};

/** A difference with its sign: +12, −3. */
export const signed = (value: number): string => `${value > 0 ? '+' : ''}${grouped(value)}`;

/** "1 movie", "22 movies". */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${grouped(value)} ${value === 1 ? one : many}`;

/** A number with one decimal below 10, else without: 9.4, 12. */
export const rounded = (value: number): string => grouped(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));

/** Milliseconds in the two largest units: "14 s", "2 min 5 s", "1 h 3 min". */
export const duration = (ms: number): string => {
  const seconds = ms / 1000;
  if (seconds < 60) return `${rounded(seconds)}${FIXED}s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes}${FIXED}min ${Math.round(seconds) % 60}${FIXED}s`;
  return `${grouped(Math.floor(minutes / 60))}${FIXED}h ${minutes % 60}${FIXED}min`;
};

export const size = (bytes: number): string => {
  if (bytes < 1_000) return `${grouped(bytes)}${FIXED}bytes`;
  return bytes < 1_000_000 ? `${rounded(bytes / 1_000)}${FIXED}kB` : `${rounded(bytes / 1_000_000)}${FIXED}MB`;
};

export const dollars = (value: number): string => `$${grouped(value)}`;

/** A small cost, with two digits that count: $0.0068. */
export const cents = (value: number): string =>
  `$${value >= 1 ? value.toFixed(2) : value === 0 ? 0 : Number(value.toPrecision(2))}`;

const DAY = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' });

/** 2026-11-20 as "20 November 2026". */
export const longDay = (day: string): string => DAY.format(new Date(`${day}T00:00:00Z`)).replaceAll(' ', FIXED);

/** An instant as "2026-11-25 21:03:22 UTC". */
export const instant = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}${FIXED}UTC`;

export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${rounded((part / whole) * 100)}${FIXED}%`;

export const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
