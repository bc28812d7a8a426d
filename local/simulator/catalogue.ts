import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import * as z from 'zod';
import { type Chance, chance } from './chance.ts';
import { CRIME, MOVIE_GENRES, WAR } from './genres.ts';
import { type Credits, inventedCredits } from './invented-credits.ts';
import { dayIn, type Given, inventedMovie, inventedSeries, type Movie, type Series } from './invented-movies.ts';

/** All that a simulated TMDB knows. Nothing in here changes while it runs. */
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
 * Crime and war with 5 votes or more, year by year: movies, and how many of them have a budget; those in both genres
 * stand apart and count in both pairs.
 *
 * The sizes are edges: crime-2019 fills three parts of 100, crime-2016 exactly one, crime-2013 one and a single movie
 * more; war-2020 lists nothing, and war-2022 lists movies but has none with a budget.
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

/** Crime and war with fewer than 5 votes: so many that 90.8 % of all crime and war has no budget (War, May 2023). */
const OBSCURE = 6_500;
const OTHERS = 1_120;
const HORROR_IN_EACH = 40; // pt and es, 2020 to 2024
const SERIES = 400;

const OTHER_GENRES = MOVIE_GENRES.map(({ id }) => id).filter((id) => id !== CRIME && id !== WAR);

/** Texts that break writers who escape by hand: line separators, emoji, quotes, a backslash, a tab. */
const TORTURE: readonly Partial<Given>[] = [
  { title: 'Caixa "Preta" \\ 🎬', overview: 'One line.\u2028Another, says JavaScript.\u2029And a third. 🧨' },
  { title: "L'Œuvre | Größe\tÑandú 👨‍👩‍👧", overview: 'She said: "C:\\temp\\new" — and left.\r\nThe end.' },
];

/** Dollars, mostly round, so that equal budgets occur; now and then the junk that people type into TMDB. */
const budget = (luck: Chance) =>
  luck.hits(0.015)
    ? luck.of([1, 5, 12, 300])
    : luck.hits(0.7)
      ? luck.of([1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 45, 60, 90, 150]) * 1_000_000
      : luck.whole(20_000, 90_000_000);

const made = function* (): Generator<Omit<Given, 'id' | 'imdb_id'>> {
  const luck = chance('catalogue');
  // Half carry one genre more, never crime or war: those are counted out in FINDABLE.
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

/**
 * The catalogue that everybody gets who brings none: some 9,200 movies and 400 series, all invented, the same bytes on
 * every machine. What is null, empty or 0 in it follows the shares counted over 9,190 real War movies in May 2023.
 */
export const defaultCatalogue = (): Catalogue => {
  const luck = chance('ids');
  const movies = made().map((movie, place) => {
    // The multiplier is coprime to the prime modulus, so no two places share an id; all stay below 10,000,000, where
    // the ids begin that find.ts derives.
    const id = 100 + ((place * 7_919) % 1_299_709);
    const known = luck.next();
    return inventedMovie({ ...movie, id, imdb_id: known < 0.121 ? null : known < 0.141 ? '' : `tt${90_000_000 + id}` });
  });
  const series = Array.from({ length: SERIES }, (_, place) => inventedSeries(500 + place * 61));
  return catalogueOf([...movies], series);
};

const lineOfCatalogue = z.looseObject({
  id: z.int().positive(),
  title: z.string(),
  release_date: z.string(),
  genres: z.array(z.looseObject({ id: z.int(), name: z.string() })),
  credits: z.looseObject({ cast: z.array(z.looseObject({})), crew: z.array(z.looseObject({})) }).optional(),
});

/** `softcore` where TMDB puts it since 2026, behind `runtime`; every other field stays as and where it is. */
const withSoftcore = (movie: Movie): Movie => {
  if ('softcore' in movie) return movie;
  const fields = Object.entries(movie);
  const behind = fields.findIndex(([name]) => name === 'runtime') + 1 || fields.length;
  return Object.fromEntries(fields.toSpliced(behind, 0, ['softcore', false])) as unknown as Movie;
};

const because = (error: unknown) => (error instanceof Error ? error.message : String(error));

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
    throw new Error(`The catalogue ${file} can't be read: ${because(error)}`, { cause: error });
  }
  yield rest;
};

/** Goes on with what stood in the file, checked: zod would put the fields it knows in front. */
const movieOn = (line: string): Movie & { credits?: Credits } => {
  const value: unknown = JSON.parse(line);
  const issue = lineOfCatalogue.safeParse(value).error?.issues[0];
  if (issue)
    throw new TypeError(`not a movie as TMDB answers it: ${issue.path.join('.') || 'the line'}: ${issue.message}`);
  return value as Movie;
};

/**
 * A catalogue from a file of JSON lines, plain or `.gz`: one object a line as `movie/{id}` answers it, with `credits`
 * inside or without (then nobody is credited).
 *
 * @throws {Error} One sentence that names the file and the line that can't be used.
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
      throw new Error(`${file}, line ${number}: ${what}${because(error)}`, { cause: error });
    }
  }
  return catalogueOf(movies, [], (_kind, id) => credited.get(id) ?? { cast: [], crew: [] });
};
