import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import * as z from 'zod';
import { parse } from '../../lib/parse.ts';
import { type Chance, chance } from './chance.ts';
import { CRIME, MOVIE_GENRES, MYSTERY, WAR } from './genres.ts';
import { type Credits, inventedCredits } from './invented-credits.ts';
import {
  dayIn,
  type Given,
  type GivenSeries,
  inventedMovie,
  inventedSeries,
  type Movie,
  type Series,
} from './invented-movies.ts';

/** The data of a simulated TMDB. It doesn't change while the simulator runs. */
export interface Catalogue {
  movies: readonly Movie[];
  series: readonly Series[];
  movie(id: number): Movie | undefined;
  movieByImdbId(imdbId: string): Movie | undefined;
  oneSeries(id: number): Series | undefined;
  creditsOf(kind: 'movie' | 'tv', id: number): Credits;
}

export const catalogueOf = (
  movies: readonly Movie[],
  series: readonly Series[] = [],
  creditsOf: Catalogue['creditsOf'] = inventedCredits,
): Catalogue => {
  const byId = new Map(movies.map((movie) => [movie.id, movie]));
  const byImdbId = new Map(movies.flatMap((movie) => (movie.imdb_id ? [[movie.imdb_id, movie]] : [])));
  const seriesById = new Map(series.map((one) => [one.id, one]));
  return {
    movies,
    series,
    movie: (id) => byId.get(id),
    movieByImdbId: (imdbId) => byImdbId.get(imdbId),
    oneSeries: (id) => seriesById.get(id),
    creditsOf,
  };
};

/**
 * Crime and war movies with 5 votes or more: for each year, the number of movies and how many of them have a budget.
 * `both` are movies in both genres. They are not included in the other two numbers, and belong to both branches.
 *
 * The numbers are edge cases: crime-2019 fills three parts of 100, crime-2016 fills exactly one, and crime-2013 fills one
 * part and has one more movie. war-2020 has an empty list, and war-2022 has movies but none with a budget.
 */
const FINDABLE: Record<number, { crime: readonly [number, number]; war: readonly [number, number]; both: number[] }> = {
  2012: { crime: [62, 40], war: [44, 14], both: [3, 1] },
  2013: { crime: [130, 99], war: [41, 11], both: [4, 2] },
  2014: { crime: [64, 29], war: [47, 15], both: [3, 1] },
  2015: { crime: [66, 17], war: [43, 12], both: [2, 1] },
  2016: { crime: [128, 98], war: [38, 10], both: [4, 2] },
  2017: { crime: [71, 18], war: [42, 12], both: [3, 1] },
  2018: { crime: [73, 21], war: [40, 11], both: [3, 2] },
  2019: { crime: [288, 248], war: [45, 14], both: [3, 2] },
  2020: { crime: [58, 12], war: [0, 0], both: [0, 0] },
  2021: { crime: [60, 14], war: [46, 13], both: [2, 1] },
  2022: { crime: [57, 13], war: [30, 0], both: [2, 0] },
};

/** Crime and war movies with fewer than 5 votes. With them, 90.8 % of all crime and war movies have no budget, as counted for War in May 2023. */
const OBSCURE = 6_500;
const OTHERS = 1_120;
const HORROR_IN_EACH = 40; // pt and es, 2020 to 2024
/** Series of all genres and years. */
const SERIES = 400;

/** More crime and mystery series with 5 votes or more, by year. crime-2020 fills one part of 100 and some of a second one. */
const SERIES_BY_YEAR: Record<number, { crime: number; mystery: number }> = {
  2020: { crime: 124, mystery: 18 },
  2021: { crime: 47, mystery: 33 },
  2022: { crime: 25, mystery: 6 },
};

const OTHER_GENRES = MOVIE_GENRES.map(({ id }) => id).filter((id) => id !== CRIME && id !== WAR);

/** Texts that need correct escaping: line separators, emoji, quotes, a backslash, a tab. */
const TORTURE: readonly Partial<Given>[] = [
  { title: 'Caixa "Preta" \\ 🎬', overview: 'One line.\u2028Another, says JavaScript.\u2029And a third. 🧨' },
  { title: "L'Œuvre | Größe\tÑandú 👨‍👩‍👧", overview: 'She said: "C:\\temp\\new" — and left.\r\nThe end.' },
];

/** A budget in dollars. Most are round, so that equal budgets occur. A few are implausibly small, as in TMDB. */
const budget = (luck: Chance) =>
  luck.hits(0.015)
    ? luck.of([1, 5, 12, 300])
    : luck.hits(0.7)
      ? luck.of([1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 45, 60, 90, 150]) * 1_000_000
      : luck.whole(20_000, 90_000_000);

const made = function* (): Generator<Omit<Given, 'id' | 'imdb_id'>> {
  const luck = chance('catalogue');
  // Half of the movies have one more genre. It is never crime or war, because FINDABLE fixes the numbers of these.
  const genres = (...first: number[]) => (luck.hits(0.5) ? [...first, luck.of(OTHER_GENRES)] : first);
  const popular = () => luck.whole(5, luck.of([30, 300, 9000]));
  let torture = 0;

  for (const [year, { crime, war, both }] of Object.entries(FINDABLE))
    for (const [first, [count = 0, budgeted = 0]] of [
      [[CRIME], crime],
      [[WAR], war],
      [[CRIME, WAR], both],
    ] as const)
      for (let i = 0; i < count; i++)
        yield {
          genres: genres(...first),
          release_date: dayIn(luck, Number(year)),
          vote_count: popular(),
          ...(i < budgeted && {
            budget: budget(luck),
            revenue: luck.hits(0.61) ? luck.whole(1000, 400_000_000) : 0,
            ...TORTURE[torture++],
          }),
        };

  for (let i = 0; i < OBSCURE; i++)
    yield {
      genres: genres(...luck.of([[CRIME], [CRIME], [WAR], [CRIME, WAR]])),
      release_date: luck.hits(0.0283) ? '' : dayIn(luck, luck.of([luck.whole(1925, 2011), luck.whole(2012, 2025)])),
      vote_count: luck.hits(0.468) ? 0 : luck.whole(1, 4),
      adult: luck.hits(0.01),
      video: luck.hits(0.02),
    };

  for (let i = 0; i < OTHERS; i++)
    yield {
      genres: [luck.of(OTHER_GENRES), luck.of(OTHER_GENRES)],
      release_date: dayIn(luck, luck.whole(1990, 2025)),
      vote_count: luck.hits(0.3) ? luck.whole(0, 4) : popular(),
      budget: luck.hits(0.3) ? budget(luck) : 0,
    };

  for (const language of ['pt', 'es'])
    for (let i = 0; i < HORROR_IN_EACH; i++)
      yield { genres: [27], release_date: dayIn(luck, luck.whole(2020, 2024)), vote_count: popular(), language };
};

const madeSeries = function* (): Generator<GivenSeries> {
  const luck = chance('catalogue of series');
  for (let i = 0; i < SERIES; i++) yield {};
  for (const [year, { crime, mystery }] of Object.entries(SERIES_BY_YEAR))
    for (const [genre, count] of [
      [CRIME, crime],
      [MYSTERY, mystery],
    ] as const)
      for (let i = 0; i < count; i++)
        yield { genre, year: Number(year), vote_count: luck.whole(5, luck.of([30, 900])) };
};

/**
 * The default catalogue: about 9,200 movies and 650 series, all invented, with the same bytes on every machine. The
 * shares of null, empty and 0 values are those of 9,190 real War movies, counted in May 2023.
 */
export const defaultCatalogue = (): Catalogue => {
  const luck = chance('ids');
  const movies = made().map((movie, place) => {
    // The multiplier is coprime to the prime modulus, so the ids are unique. They are below 10,000,000, where the ids
    // of find.ts begin.
    const id = 100 + ((place * 7_919) % 1_299_709);
    const known = luck.next();
    return inventedMovie({ ...movie, id, imdb_id: known < 0.121 ? null : known < 0.141 ? '' : `tt${90_000_000 + id}` });
  });
  const series = [...madeSeries()].map((given, place) => inventedSeries(500 + place * 61, given));
  return catalogueOf([...movies], series);
};

const lineOfCatalogue = z.looseObject({
  id: z.int().positive(),
  title: z.string(),
  release_date: z.string(),
  genres: z.array(z.looseObject({ id: z.int(), name: z.string() })),
  credits: z.looseObject({ cast: z.array(z.looseObject({})), crew: z.array(z.looseObject({})) }).optional(),
});

/** Adds `softcore` after `runtime`, where TMDB has it since 2026. All other fields keep their values and order. */
const withSoftcore = (movie: Movie): Movie => {
  if ('softcore' in movie) return movie;
  const fields = Object.entries(movie);
  const behind = fields.findIndex(([name]) => name === 'runtime') + 1 || fields.length;
  return Object.fromEntries(fields.toSpliced(behind, 0, ['softcore', false])) as unknown as Movie;
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const linesOf = async function* (file: string): AsyncGenerator<string> {
  const bytes = createReadStream(file);
  const text = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  bytes.on('error', (error) => text.destroy(error)); // pipe() passes on the bytes, not the errors
  let rest = '';
  try {
    for await (const chunk of text.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw new Error(
      `The catalogue ${file} is not readable: ${messageOf(error)}. Use a file of JSON lines, plain or .gz.`,
      {
        cause: error,
      },
    );
  }
  yield rest;
};

/** Checks a line and returns its own object. The schema's result has the known fields first, which changes their order. */
const movieOn = (line: string): Movie & { credits?: Credits } => {
  const value: unknown = JSON.parse(line);
  parse(lineOfCatalogue, value, "not a movie in TMDB's format");
  return value as Movie;
};

/**
 * Reads a catalogue from a file of JSON lines, plain or `.gz`. Each line is an object in the format of `movie/{id}`. It
 * may contain `credits`; otherwise cast and crew are empty.
 *
 * @throws {Error} Names the file, the line and the wrong field.
 */
export const catalogueFrom = async (file: string): Promise<Catalogue> => {
  const movies: Movie[] = [];
  const credited = new Map<number, Credits>();
  let number = 0;
  for await (const line of linesOf(file)) {
    number++;
    if (line.trim() === '') continue;
    try {
      const { credits, ...movie } = movieOn(line);
      movies.push(withSoftcore(movie));
      if (credits) credited.set(movie.id, credits);
    } catch (error) {
      const what = error instanceof SyntaxError ? 'not JSON: ' : '';
      throw new Error(`${file}, line ${number}: ${what}${messageOf(error)}`, { cause: error });
    }
  }
  return catalogueOf(movies, [], (_kind, id) => credited.get(id) ?? { cast: [], crew: [] });
};
