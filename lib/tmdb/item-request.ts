/** How the items of one list are requested from TMDB. */
export interface ItemRequest {
  /** First segment of the path: `/movie/{id}` or `/tv/{id}`. */
  media: 'movie' | 'tv';
  /** `imdb`: the TMDB id of each id is looked up first (`/find/{id}`). */
  ids: 'tmdb' | 'imdb';
  /** TMDB's `language`, such as pt-BR. Undefined means TMDB's default. */
  language: string | undefined;
}
