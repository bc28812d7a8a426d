/** The id of a movie, series or episode at IMDb. It has seven digits; since 2019, new ids have eight. */
export const IMDB_ID = /^tt\d{7,8}$/;
