import { closest } from './did-you-mean.ts';

/*
 * EventBridge Scheduler and other readers of IANA's data want a zone's exact spelling, but Intl takes any capitals, and
 * offsets such as +03:00.
 */

/** Names that are not written like Asia/Kolkata. Only those that Intl has as links, so that it doesn't list them itself. */
const ODD = new Set(
  'Australia/ACT Australia/LHI Australia/NSW America/Knox_IN America/Argentina/ComodRivadavia Mexico/BajaNorte Mexico/BajaSur Chile/EasterIsland Etc/GMT Etc/UCT Etc/UTC Europe/Isle_of_Man America/Port_of_Spain CET CST6CDT EET EST EST5EDT GB GB-Eire GMT GMT+0 GMT-0 GMT0 HST MET MST MST7MDT NZ NZ-CHAT PRC PST8PDT ROC ROK UCT UTC W-SU WET'.split(
    ' ',
  ),
);

/** What is wrong with the name of a time zone, and what to write; undefined for one that IANA has in this spelling. */
export const timeZoneProblem = (zone: string): string | undefined => {
  const listed = Intl.supportedValuesOf('timeZone');
  if (listed.includes(zone) || ODD.has(zone)) return undefined;
  if (/^[A-Za-z]/.test(zone) && isKnown(zone)) {
    const exact = spelled(zone, listed);
    if (exact === zone) return undefined;
    return `${USE}; did you mean ${JSON.stringify(exact)}?`;
  }
  const meant = closest(zone, [...listed, 'UTC']) ?? listed.find((one) => one.split('/').at(-1) === cityOf(zone));
  return meant === undefined ? USE : `${USE}; did you mean ${JSON.stringify(meant)}?`;
};

const USE = 'use the IANA name of a time zone, in its exact spelling, for example America/Bahia';

const isKnown = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
};

/** The exact spelling of a zone that Intl takes in any capitals. */
const spelled = (zone: string, listed: readonly string[]): string => {
  const same = (one: string) => one.toLowerCase() === zone.toLowerCase();
  // A link, such as Asia/Kolkata, is not in the list. Its words begin with capitals: US/East-Indiana, Etc/GMT+3.
  return listed.find(same) ?? [...ODD].find(same) ?? zone.split('/').map(capitalised).join('/');
};

const capitalised = (segment: string): string =>
  /^(us|gmt[+-]?\d*)$/i.test(segment)
    ? segment.toUpperCase()
    : segment.toLowerCase().replaceAll(/(^|[_-])[a-z]/g, (start) => start.toUpperCase());

/** Bahia, Sao Paulo: a city alone is a usual mistake. */
const cityOf = (zone: string): string =>
  capitalised(zone.normalize('NFD').replaceAll(/\p{M}/gu, '').trim().replaceAll(' ', '_'));
