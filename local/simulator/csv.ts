import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Catalogue } from './catalogue.ts';
import { type Chance, chance } from './chance.ts';
import { type FindSays, SERIES_NUMBERS, whatFindSays } from './find.ts';
import { inventedName, inventedTitle, LANGUAGES, originalTitle } from './invented-titles.ts';

export interface CsvOptions {
  kind: 'Movies' | 'Series';
  /** Rows below the header. The real movies.csv has about 1,100,000. */
  rows: number;
  /** Distinct ids. Each has at least one row. The real movies.csv has 244,243. */
  ids: number;
  seed: number;
  /** Number of ids that are not valid IMDb ids. Default 0. */
  malformed?: number;
  /** Release years, both included. Default 1950 to 2022. Later years are more frequent. */
  years?: { from: number; to: number };
  /** Default LF. */
  lineEnd?: '\n' | '\r\n';
  /** Whether the file starts with a byte order mark. Default false. */
  bom?: boolean;
  /** Ids of its movies count as found. The CSV's ids are never ids of the default catalogue. */
  catalogue?: Catalogue;
}

/** The expected result for a distinct id. */
type CsvReason = (typeof REASONS)[number];
const REASONS = [
  'found',
  'not_found',
  'is_tv',
  'is_movie',
  'is_episode',
  'is_person',
  'ambiguous',
  'malformed',
  'gone',
] as const satisfies readonly ('found' | 'malformed' | 'is_movie' | FindSays)[];

/** What an ingestion of the file makes of the result of find. In a file of series, a series counts, also beside a movie. */
const REASON_OF: Record<CsvOptions['kind'], (says: FindSays) => CsvReason> = {
  Movies: (says) => (says === 'movie' ? 'found' : says),
  Series: (says) => (says === 'is_tv' || says === 'ambiguous' ? 'found' : says === 'movie' ? 'is_movie' : says),
};

export interface CsvFilter {
  fromYear: number;
  toYear: number;
  /** A title matches with any of these genres. Default all. */
  genres?: readonly string[];
}

/** The expected contents of the file. Tests compare a reader's result with it. */
export interface CsvStatement {
  /** The distinct ids that match the filter, by expected result, in the order of their first row. */
  of(filter: CsvFilter): Record<CsvReason, string[]>;
}

const MOVIE_COLUMNS =
  'id|tituloPincipal|tituloOriginal|anoLancamento|tempoMinutos|genero|notaMedia|numeroVotos|generoArtista|personagem|nomeArtista|anoNascimento|anoFalecimento|profissao|titulosMaisConhecidos';
const COLUMNS = {
  Movies: MOVIE_COLUMNS,
  Series: MOVIE_COLUMNS.replace('anoLancamento', 'anoLancamento|anoTermino'),
};

/** IMDb's genres. Frequent genres are repeated. */
const GENRES =
  'Drama,Drama,Drama,Comedy,Comedy,Romance,Romance,Action,Thriller,Horror,Crime,Documentary,Adventure,Family,Mystery,Fantasy,Sci-Fi,Biography,War,History,Music,Animation,Western'.split(
    ',',
  );
const TRADES = [
  'actor',
  'actress',
  'actor,producer',
  'actress,soundtrack',
  'actor,director,writer',
  'actor,stunts',
  '',
];

const NULL = '\\N';
const orNull = (luck: Chance, share: number, value: () => string | number) => (luck.hits(share) ? NULL : value());

/** A unique IMDb id for each position, because the multiplier is coprime to 30,000,000. Some ids have 8 digits. */
const imdbId = (kind: CsvOptions['kind'], seed: number, place: number) => {
  const number = (seed * 1_013 + place * 7_368_787) % SERIES_NUMBERS.from;
  return `tt${String(number + (kind === 'Series' ? SERIES_NUMBERS.from : 0)).padStart(7, '0')}`;
};

const malformedId = (nth: number) => {
  const digits = String(nth).padStart(7, '0');
  return [`nm${digits}`, `tt${nth % 1_000_000}`, digits, `tt${digits}x`][nth % 4] as string;
};

/** One id, with the values that all its rows share. */
interface Title {
  id: string;
  malformed: boolean;
  /** 0 where the file has null. */
  year: number;
  genres: string;
}

/** Size of one write, in characters. */
const CHUNK = 1 << 16;

/** The second half of a row: an artist of the title. */
const artist = (luck: Chance): string => {
  const born = luck.whole(1900, 2000);
  const known = Array.from({ length: luck.whole(1, 3) }, () => imdbId('Movies', 0, luck.whole(0, 1e6))).join(',');
  return [
    luck.of(['actor', 'actress']),
    orNull(luck, 0.25, () => `${inventedName(luck)}${luck.hits(0.02) ? ' "Boss"' : ''}`),
    inventedName(luck),
    orNull(luck, 0.4, () => born),
    orNull(luck, 0.8, () => born + luck.whole(20, 90)),
    luck.of(TRADES),
    orNull(luck, 0.2, () => known),
  ].join('|');
};

/**
 * Writes a CSV in the format of the ingested files: `|` between fields, no quoting (`"` is an ordinary character), `\N`
 * for null, and one row per artist of each id. Some ids have another row at the end of the file, so a reader that only
 * compares adjacent rows would count them twice.
 *
 * @returns The expected contents. They are the same for the same options.
 */
export const writeCsv = async (file: string, options: CsvOptions): Promise<CsvStatement> => {
  const { kind, rows, ids, seed, malformed = 0, years = { from: 1950, to: 2022 }, lineEnd = '\n' } = options;
  if (ids < 1 || rows < ids)
    throw new RangeError(`rows is ${rows} and ids is ${ids}: use at least one id, and at least as many rows as ids`);
  const titles: Title[] = [];
  const luck = chance('csv', kind, seed);

  const title = (place: number): Title => {
    const nth = Math.floor((place * malformed) / ids);
    const isMalformed = Math.floor(((place + 1) * malformed) / ids) > nth;
    const u = luck.next();
    const back = Math.floor((years.to - years.from + 1) * ((u * (3 + u)) / 4)); // years before the last year, almost evenly distributed
    return {
      id: isMalformed ? malformedId(nth) : imdbId(kind, seed, place),
      malformed: isMalformed,
      year: luck.hits(0.01) ? 0 : years.to - back,
      genres: luck.hits(0.02) ? NULL : [...new Set([luck.of(GENRES), luck.of(GENRES), luck.of(GENRES)])].join(','),
    };
  };

  const shared = ({ id, year, genres }: Title): string => {
    const name = inventedTitle(luck) + (luck.hits(0.01) ? ' 7"' : '');
    const ended = kind === 'Series' ? [orNull(luck, 0.5, () => (year ? year + luck.whole(0, 9) : NULL))] : [];
    const minutes = orNull(luck, 0.1, () => luck.whole(40, 190));
    const mean = (luck.whole(10, 95) / 10).toFixed(1);
    const original = originalTitle(luck, luck.of(LANGUAGES), name);
    return [id, name, original, year || NULL, ...ended, minutes, genres, mean, luck.whole(5, 90_000)].join('|');
  };

  const text = function* (): Generator<string> {
    let chunk = `${options.bom ? '\uFEFF' : ''}${COLUMNS[kind]}${lineEnd}`;
    let atTheEnd = '';
    let left = rows;
    for (let place = 0; place < ids; place++) {
      const one = title(place);
      titles.push(one);
      const idsLeft = ids - place;
      const mean = left / idsLeft;
      const count =
        idsLeft === 1 ? left : Math.max(1, Math.min(left - idsLeft + 1, Math.round(mean * 2 * luck.next())));
      left -= count;
      const start = shared(one);
      for (let i = 1; i < count; i++) chunk += `${start}|${artist(luck)}${lineEnd}`;
      const last = `${start}|${artist(luck)}${lineEnd}`;
      if (luck.hits(0.01)) atTheEnd += last;
      else chunk += last;
      if (chunk.length > CHUNK) {
        yield chunk;
        chunk = '';
      }
    }
    yield chunk + atTheEnd;
  };
  await pipeline(text, createWriteStream(file));

  const reason = ({ id, malformed: isMalformed }: Title): CsvReason => {
    if (isMalformed) return 'malformed';
    return REASON_OF[kind](whatFindSays(id, options.catalogue));
  };
  return {
    of: ({ fromYear, toYear, genres }) => {
      const ids = Object.fromEntries(REASONS.map((one) => [one, [] as string[]])) as Record<CsvReason, string[]>;
      for (const one of titles) {
        const genreFits = !genres || one.genres.split(',').some((genre) => genres.includes(genre));
        if (genreFits && one.year >= fromYear && one.year <= toYear) ids[reason(one)].push(one.id);
      }
      return ids;
    },
  };
};
