import { TMDB_GENRES } from '../tmdb/genres.ts';
import type { Value } from './values.ts';

/**
 * The names of the genres in Brazilian Portuguese.
 *
 * Those of movies are TMDB's own: GET /3/genre/movie/list?language=pt-BR. We have no recording of it; several public
 * programs contain a copy of the answer, and the copies agree (read 2026-11-26). Names that only series have are
 * translated here, because TMDB's list for series leaves some in English.
 */
const PORTUGUESE: Readonly<Record<string, string>> = {
  Action: 'Ação',
  'Action & Adventure': 'Ação e aventura',
  Adventure: 'Aventura',
  Animation: 'Animação',
  Comedy: 'Comédia',
  Crime: 'Crime',
  Documentary: 'Documentário',
  Drama: 'Drama',
  Family: 'Família',
  Fantasy: 'Fantasia',
  History: 'História',
  Horror: 'Terror',
  Kids: 'Infantil',
  Music: 'Música',
  Mystery: 'Mistério',
  News: 'Notícias',
  Reality: 'Reality',
  Romance: 'Romance',
  'Sci-Fi & Fantasy': 'Ficção científica e fantasia',
  'Science Fiction': 'Ficção científica',
  Soap: 'Novela',
  'TV Movie': 'Cinema TV',
  Talk: 'Talk show',
  Thriller: 'Thriller',
  War: 'Guerra',
  'War & Politics': 'Guerra e política',
  Western: 'Faroeste',
};

/** The rows of the table of genres, by id. A genre that movies and series have in common has one id and one row. */
export const genreRows = (): Value[][] =>
  [...new Map(Object.values(TMDB_GENRES).flatMap((names) => Object.entries(names).map(([name, id]) => [id, name])))]
    .toSorted(([a], [b]) => a - b)
    .map(([id, name]) => [BigInt(id), name, PORTUGUESE[name] ?? null]);
