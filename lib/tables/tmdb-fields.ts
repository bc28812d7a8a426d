import type { ColumnType } from './column.ts';

/*
 * The types of TMDB's fields.
 *
 * Source: TMDB's OpenAPI description, https://developer.themoviedb.org/openapi/tmdb-api.json (read 2026-11-22), with these
 * exceptions:
 * - money, counts, minutes and ids are BIGINT, whatever their present size
 * - averages are DOUBLE: the description says integer for series, and TMDB sends 8.5
 * - fields with a day are DATE; the description says string
 * - softcore is in responses recorded in 2026, and not in the description
 * - episode_type, original_name of created_by, and those of people, are in recorded responses
 * - next_episode_to_air, without a type in the description, is as last_episode_to_air
 */

/** The fields of an object that a field contains; its scalars become columns. */
export type Fields = Readonly<Record<string, ColumnType>>;

export type DeclaredField =
  | ColumnType
  /** One object: a column for each of its fields, named `<field>_<name>`. */
  | { object: Fields }
  /** A list of scalars: a table with one column for them. */
  | { list: ColumnType; column: string }
  /** A list of objects: a table with their fields. `id` is the column's name for the field `id`. */
  | { listOf: Fields; id?: string };

type Declared = Readonly<Record<string, DeclaredField>>;

const LISTED = {
  adult: 'BOOLEAN',
  backdrop_path: 'VARCHAR',
  genre_ids: { list: 'BIGINT', column: 'genre_id' },
  id: 'BIGINT',
  original_language: 'VARCHAR',
  overview: 'VARCHAR',
  popularity: 'DOUBLE',
  poster_path: 'VARCHAR',
  softcore: 'BOOLEAN',
  vote_average: 'DOUBLE',
  vote_count: 'BIGINT',
} as const satisfies Declared;

const COUNTRIES = { list: 'VARCHAR', column: 'country' } as const;

const COMPANY = { id: 'BIGINT', logo_path: 'VARCHAR', name: 'VARCHAR', origin_country: 'VARCHAR' } as const;

const DETAILS = {
  adult: 'BOOLEAN',
  backdrop_path: 'VARCHAR',
  genres: { listOf: { id: 'BIGINT', name: 'VARCHAR' }, id: 'genre_id' },
  homepage: 'VARCHAR',
  id: 'BIGINT',
  origin_country: COUNTRIES,
  original_language: 'VARCHAR',
  overview: 'VARCHAR',
  popularity: 'DOUBLE',
  poster_path: 'VARCHAR',
  production_companies: { listOf: COMPANY, id: 'company_id' },
  production_countries: { listOf: { iso_3166_1: 'VARCHAR', name: 'VARCHAR' } },
  softcore: 'BOOLEAN',
  spoken_languages: { listOf: { english_name: 'VARCHAR', iso_639_1: 'VARCHAR', name: 'VARCHAR' } },
  status: 'VARCHAR',
  tagline: 'VARCHAR',
  vote_average: 'DOUBLE',
  vote_count: 'BIGINT',
} as const satisfies Declared;

const EPISODE = {
  object: {
    id: 'BIGINT',
    name: 'VARCHAR',
    overview: 'VARCHAR',
    vote_average: 'DOUBLE',
    vote_count: 'BIGINT',
    air_date: 'DATE',
    episode_number: 'BIGINT',
    episode_type: 'VARCHAR',
    production_code: 'VARCHAR',
    runtime: 'BIGINT',
    season_number: 'BIGINT',
    show_id: 'BIGINT',
    still_path: 'VARCHAR',
  },
} as const satisfies DeclaredField;

/** The items of `discover` and of the popular lists. */
export const LISTED_FIELDS: Readonly<Record<Media, Declared>> = {
  movie: {
    title: 'VARCHAR',
    ...LISTED,
    original_title: 'VARCHAR',
    release_date: 'DATE',
    video: 'BOOLEAN',
  },
  tv: {
    name: 'VARCHAR',
    ...LISTED,
    first_air_date: 'DATE',
    origin_country: COUNTRIES,
    original_name: 'VARCHAR',
  },
};

/** `movie/{id}` and `tv/{id}`. */
export const DETAILS_FIELDS: Readonly<Record<Media, Declared>> = {
  movie: {
    title: 'VARCHAR',
    ...DETAILS,
    belongs_to_collection: {
      object: { id: 'BIGINT', name: 'VARCHAR', poster_path: 'VARCHAR', backdrop_path: 'VARCHAR' },
    },
    budget: 'BIGINT',
    imdb_id: 'VARCHAR',
    original_title: 'VARCHAR',
    release_date: 'DATE',
    revenue: 'BIGINT',
    runtime: 'BIGINT',
    video: 'BOOLEAN',
  },
  tv: {
    name: 'VARCHAR',
    ...DETAILS,
    created_by: {
      listOf: {
        id: 'BIGINT',
        credit_id: 'VARCHAR',
        name: 'VARCHAR',
        original_name: 'VARCHAR',
        gender: 'BIGINT',
        profile_path: 'VARCHAR',
      },
      id: 'person_id',
    },
    episode_run_time: { list: 'BIGINT', column: 'minutes' },
    first_air_date: 'DATE',
    in_production: 'BOOLEAN',
    languages: { list: 'VARCHAR', column: 'language' },
    last_air_date: 'DATE',
    last_episode_to_air: EPISODE,
    networks: { listOf: COMPANY, id: 'network_id' },
    next_episode_to_air: EPISODE,
    number_of_episodes: 'BIGINT',
    number_of_seasons: 'BIGINT',
    original_name: 'VARCHAR',
    seasons: {
      listOf: {
        air_date: 'DATE',
        episode_count: 'BIGINT',
        id: 'BIGINT',
        name: 'VARCHAR',
        overview: 'VARCHAR',
        poster_path: 'VARCHAR',
        season_number: 'BIGINT',
        vote_average: 'DOUBLE',
      },
      id: 'season_id',
    },
    type: 'VARCHAR',
  },
};

const PERSON = {
  adult: 'BOOLEAN',
  gender: 'BIGINT',
  id: 'BIGINT',
  known_for_department: 'VARCHAR',
  name: 'VARCHAR',
  original_name: 'VARCHAR',
  popularity: 'DOUBLE',
  profile_path: 'VARCHAR',
} as const satisfies Fields;

/** The people of `credits`. Series have no cast_id. */
export const PEOPLE_FIELDS: Readonly<Record<'cast' | 'crew', Readonly<Record<Media, Fields>>>> = {
  cast: {
    movie: { ...PERSON, cast_id: 'BIGINT', character: 'VARCHAR', credit_id: 'VARCHAR', order: 'BIGINT' },
    tv: { ...PERSON, character: 'VARCHAR', credit_id: 'VARCHAR', order: 'BIGINT' },
  },
  crew: {
    movie: { ...PERSON, credit_id: 'VARCHAR', department: 'VARCHAR', job: 'VARCHAR' },
    tv: { ...PERSON, credit_id: 'VARCHAR', department: 'VARCHAR', job: 'VARCHAR' },
  },
};

/** TMDB's two catalogues, as their paths name them: `/movie/{id}` and `/tv/{id}`. */
export type Media = 'movie' | 'tv';
