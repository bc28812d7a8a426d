/** How the items of one list are requested from TMDB. */
export interface ItemRequest {
  /** Whose details: `/movie/{id}` or `/tv/{id}`. */
  media: 'movie' | 'tv';
  /** `imdb`: each id is looked up first (`/find/{id}`). */
  ids: 'tmdb' | 'imdb';
  /** TMDB's `language`, such as pt-BR; TMDB's default where it is undefined. */
  language: string | undefined;
}
