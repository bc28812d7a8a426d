import { type Chance, chance } from './chance.ts';
import { type Genre, MOVIE_GENRES, TV_GENRES } from './genres.ts';
import { inventedOverview, inventedTitle, LANGUAGES, originalTitle } from './invented-titles.ts';

/** What movies and series have in common. */
export interface Title {
  id: number;
  genres: readonly Genre[];
  adult?: boolean;
  origin_country?: readonly string[];
  original_language?: string;
  overview?: string | null;
  popularity?: number;
  poster_path?: string | null;
  vote_average?: number;
  vote_count?: number;
}

/** The response of `movie/{id}`, with the fields that the simulator reads. All other fields are kept. */
export interface Movie extends Title {
  title: string;
  /** `YYYY-MM-DD`, or `""` where the date is unknown. */
  release_date: string;
  /** Dollars; 0 means unknown. */
  budget?: number;
  imdb_id?: string | null;
  original_title?: string;
  revenue?: number;
  /** Minutes; 0 means unknown. */
  runtime?: number | null;
  video?: boolean;
}

/** The response of `tv/{id}`, with the fields that the simulator reads. All other fields are kept. */
export interface Series extends Title {
  /** Only movies have a title. A series has a `name`. */
  title?: undefined;
  name: string;
  original_name: string;
  /** `YYYY-MM-DD`, or `""` where the date is unknown. */
  first_air_date: string;
  /** Minutes. */
  episode_run_time: readonly number[];
}

const COUNTRIES: Record<string, readonly [code: string, name: string, language: string, own: string]> = {
  en: ['US', 'United States of America', 'English', 'English'],
  pt: ['BR', 'Brazil', 'Portuguese', 'Português'],
  es: ['MX', 'Mexico', 'Spanish', 'Español'],
  fr: ['FR', 'France', 'French', 'Français'],
  de: ['DE', 'Germany', 'German', 'Deutsch'],
  ja: ['JP', 'Japan', 'Japanese', '日本語'],
  ko: ['KR', 'South Korea', 'Korean', '한국어/조선말'],
  hi: ['IN', 'India', 'Hindi', 'हिन्दी'],
};

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A path in the format of TMDB's image host, with 27 letters and digits. It is null with probability `missing`. */
export const imagePath = (chance: Chance, missing: number): string | null => {
  if (chance.hits(missing)) return null;
  let name = '';
  for (let i = 0; i < 27; i++) name += LETTERS.charAt(chance.whole(0, LETTERS.length - 1));
  return `/${name}.jpg`;
};

/** A random day of the year, `YYYY-MM-DD`. It is at most the 28th, because every month has that day. */
export const dayIn = (chance: Chance, year: number): string =>
  `${year}-${String(chance.whole(1, 12)).padStart(2, '0')}-${String(chance.whole(1, 28)).padStart(2, '0')}`;

const rounded = (value: number, places: number) => Math.round(value * 10 ** places) / 10 ** places;

const votes = (chance: Chance, count: number) => (count === 0 ? 0 : rounded(3 + 5.5 * chance.next(), 3));

const companies = (chance: Chance, country: string) =>
  Array.from({ length: chance.whole(0, 4) }, () => ({
    id: chance.whole(1, 200_000),
    logo_path: imagePath(chance, 0.6),
    name: `${inventedTitle(chance)} Films`,
    origin_country: chance.hits(0.3) ? '' : country,
  }));

const genresOf = (ids: readonly number[], all: readonly Genre[]) => all.filter(({ id }) => ids.includes(id));

const origin = (language: string) => {
  const [code, country, name, own] = COUNTRIES[language] ?? ['US', 'United States of America', 'English', 'English'];
  return {
    code,
    production_countries: [{ iso_3166_1: code, name: country }],
    spoken_languages: [{ english_name: name, iso_639_1: language, name: own }],
  };
};

/** The given values of an invented movie. All other values depend only on its id. */
export interface Given {
  id: number;
  imdb_id: string | null;
  genres: readonly number[];
  release_date: string;
  vote_count: number;
  budget?: number;
  revenue?: number;
  language?: string;
  title?: string;
  overview?: string;
  adult?: boolean;
  video?: boolean;
}

/** One movie. The keys have the order of TMDB's responses in 2026. */
export const inventedMovie = (given: Given): Movie => {
  const luck = chance('movie', given.id);
  const language = given.language ?? luck.of(LANGUAGES);
  const title = given.title ?? inventedTitle(luck);
  const { code, production_countries, spoken_languages } = origin(language);
  return {
    adult: given.adult ?? false,
    backdrop_path: imagePath(luck, 0.35),
    belongs_to_collection: luck.hits(0.9)
      ? null
      : {
          id: luck.whole(1, 999_999),
          name: `${title} Collection`,
          poster_path: imagePath(luck, 0.3),
          backdrop_path: imagePath(luck, 0.3),
        },
    budget: given.budget ?? 0,
    genres: genresOf(given.genres, MOVIE_GENRES),
    homepage: luck.hits(0.8) ? '' : `https://movies.example/${given.id}`,
    id: given.id,
    imdb_id: given.imdb_id,
    origin_country: luck.hits(0.05) ? [] : [code],
    original_language: language,
    original_title: originalTitle(luck, language, title),
    overview: given.overview ?? inventedOverview(luck),
    popularity: rounded(given.vote_count / 40 + 3 * luck.next(), 4),
    poster_path: imagePath(luck, 0.15),
    production_companies: companies(luck, code),
    production_countries,
    release_date: given.release_date,
    revenue: given.revenue ?? 0,
    runtime: luck.hits(0.1) ? 0 : luck.whole(62, 188),
    softcore: false,
    spoken_languages,
    status: given.release_date === '' ? luck.of(['Rumored', 'Planned', 'Post Production']) : 'Released',
    tagline: luck.hits(0.7) ? '' : `${inventedTitle(luck)}.`,
    title,
    video: given.video ?? false,
    vote_average: votes(luck, given.vote_count),
    vote_count: given.vote_count,
  } as Movie;
};

/** The given values of an invented series. All other values depend only on its id. */
export interface GivenSeries {
  /** One genre; otherwise two random ones. */
  genre?: number;
  year?: number;
  vote_count?: number;
}

/** One series. The keys have the order of a response recorded in 2024. `softcore` is in alphabetical order, as in movies. */
export const inventedSeries = (id: number, given: GivenSeries = {}): Series => {
  const luck = chance('series', id);
  const language = luck.of(LANGUAGES);
  const name = inventedTitle(luck);
  const { code, production_countries, spoken_languages } = origin(language);
  const seasons = luck.whole(1, 8);
  const year = given.year ?? luck.whole(1990, 2024);
  const vote_count = given.vote_count ?? luck.whole(0, 3000);
  return {
    adult: false,
    backdrop_path: imagePath(luck, 0.2),
    created_by: [],
    episode_run_time: [luck.whole(20, 60)],
    first_air_date: dayIn(luck, year),
    genres: genresOf(given.genre ? [given.genre] : [luck.of(TV_GENRES).id, luck.of(TV_GENRES).id], TV_GENRES),
    homepage: '',
    id,
    in_production: luck.hits(0.3),
    languages: [language],
    last_air_date: dayIn(luck, year + seasons),
    last_episode_to_air: null,
    name,
    next_episode_to_air: null,
    networks: [{ id: luck.whole(1, 6000), logo_path: null, name: `${name} TV`, origin_country: code }],
    number_of_episodes: seasons * 10,
    number_of_seasons: seasons,
    origin_country: [code],
    original_language: language,
    original_name: originalTitle(luck, language, name),
    overview: inventedOverview(luck),
    popularity: rounded(vote_count / 30 + 5 * luck.next(), 4),
    poster_path: imagePath(luck, 0.1),
    production_companies: companies(luck, code),
    production_countries,
    seasons: Array.from({ length: seasons }, (_, season) => ({
      air_date: dayIn(luck, year + season),
      episode_count: 10,
      id: id * 100 + season,
      name: `Season ${season + 1}`,
      overview: '',
      poster_path: imagePath(luck, 0.5),
      season_number: season + 1,
      vote_average: 0,
    })),
    softcore: false,
    spoken_languages,
    status: luck.of(['Ended', 'Returning Series', 'Canceled']),
    tagline: '',
    type: 'Scripted',
    vote_average: votes(luck, vote_count),
    vote_count,
  } as Series;
};
