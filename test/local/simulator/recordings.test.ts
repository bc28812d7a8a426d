import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ZodType } from 'zod';
import { credits, details, failure, found, genreList, listPage } from '../../../lib/tmdb/responses.ts';
import { type FindSays, whatFindSays } from '../../../local/simulator/find.ts';
import type { Movie } from '../../../local/simulator/invented-movies.ts';
import { body, catalogue, simulated } from './asking.ts';

const material = process.env.TEST_MATERIAL_DIR;
const recorded = (name: string) =>
  JSON.parse(readFileSync(join(material ?? '', 'tmdb/recordings', `${name}.json`), 'utf8'));

/** All keys of a response in order, without values. A list is represented by its first item. */
const shape = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value).map(([key, inner]) => [key, shape(inner)]);
};

/** A movie with all fields, so that all its keys can be compared. */
const full = (): Movie | undefined =>
  catalogue().movies.find((movie) => {
    const { belongs_to_collection, production_companies } = movie as Movie & Record<string, unknown>;
    return belongs_to_collection && (production_companies as []).length && movie.origin_country?.length;
  });
const idThat = (fate: FindSays) => {
  const id = Array.from({ length: 2000 }, (_, i) => `tt${1_000_000 + i}`).find((one) => whatFindSays(one) === fate);
  return `/find/${id}?external_source=imdb_id`;
};

describe.skipIf(!material)(`TMDB as recorded${material ? '' : ' (skipped: TEST_MATERIAL_DIR is not set)'}`, () => {
  it.each<[recording: string, path: string, schema: ZodType]>([
    ['discover-movie-page1-2026', '/discover/movie', listPage],
    ['discover-movie-empty-2026', '/discover/movie?with_original_language=en-US', listPage],
    ['movie-popular-page1-2026', '/movie/popular', listPage],
    ['tv-popular-page1-2026', '/tv/popular', listPage],
    ['discover-tv-page1-2026', '/discover/tv', listPage],
    ['genre-movie-list-2026', '/genre/movie/list', genreList],
    ['movie-47964-details-2026', `/movie/${full()?.id}`, details],
    ['movie-49026-append-credits-2026', `/movie/${full()?.id}?append_to_response=credits`, details],
    ['movie-47964-credits-2026', `/movie/${full()?.id}/credits`, credits],
    ['find-imdb-movie-2026', idThat('movie'), found],
    ['find-imdb-tv-2026', idThat('is_tv'), found],
    ['find-imdb-tv-episode-2026', idThat('is_episode'), found],
    ['find-imdb-person-2026', idThat('is_person'), found],
    ['error-404-movie-not-found-2026', '/movie/999999999', failure],
    ['error-404-subresource-2026', '/movie/999999999/keywords', failure],
    ['error-400-invalid-page-modern', '/movie/popular?page=501', failure],
    ['error-400-too-many-append', `/movie/${full()?.id}?append_to_response=${'x,'.repeat(20)}x`, failure],
  ])('%s and the simulated %s have the same keys', async (recording, path, schema) => {
    const answer = await body(await simulated(), path);

    schema.parse(recorded(recording));
    schema.parse(answer);
    expect(shape(answer)).toEqual(shape(recorded(recording)));
    if (schema === failure || schema === genreList) expect(answer).toEqual(recorded(recording));
  });

  it('the 401 and the 429 have the recorded messages', async () => {
    const simulator = await simulated({ ceiling: 1 });
    const unauthorized = await (await fetch(`${simulator.url}/movie/popular`)).json();
    const over = await body(simulator, '/movie/popular');

    expect(unauthorized).toEqual(recorded('error-401-invalid-key-modern'));
    expect(over.status_message.replace(/\d+/g, '#')).toBe(
      recorded('error-429-over-limit-2017').status_message.replace(/\d+/g, '#'),
    );
    expect(shape(over)).toEqual(shape(recorded('error-429-over-limit-2017')));
  });

  it('series have the keys of 2024 and softcore', async () => {
    const keys = Object.keys(await body(await simulated(), `/tv/${catalogue().series[0]?.id}`));

    expect(keys.filter((key) => key !== 'softcore')).toEqual(Object.keys(recorded('tv-details-2024')));
  });
});
