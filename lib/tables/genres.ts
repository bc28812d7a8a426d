import { TMDB_GENRES } from '../tmdb/genres.ts';
import type { Value } from './values.ts';

/**
 * The names of the genres in Brazilian Portuguese. TMDB's own list for series leaves some in English; they are translated
 * here.
 */
const PORTUGUESE: Readonly<Record<string, string>> = {
  Action: 'Ação',
  'Action & Adventure': 'Ação e Aventura',
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
  'Sci-Fi & Fantasy': 'Ficção Científica e Fantasia',
  'Science Fiction': 'Ficção Científica',
  Soap: 'Novela',
  'TV Movie': 'Cinema TV',
  Talk: 'Talk Show',
  Thriller: 'Thriller',
  War: 'Guerra',
  'War & Politics': 'Guerra e Política',
  Western: 'Faroeste',
};

/** The rows of the table of genres, by id. A genre that movies and series have in common has one id and one row. */
export const genreRows = (): Value[][] =>
  [...new Map(Object.values(TMDB_GENRES).flatMap((names) => Object.entries(names).map(([name, id]) => [id, name])))]
    .toSorted(([a], [b]) => a - b)
    .map(([id, name]) => [BigInt(id), name, PORTUGUESE[name] ?? null]);
