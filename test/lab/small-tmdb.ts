import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../local/deployed.ts';
import { type Catalogue, catalogueOf, defaultCatalogue } from '../../local/simulator/catalogue.ts';
import { type Credits, inventedCredits } from '../../local/simulator/invented-credits.ts';

/*
 * What all experiments of the lab load: two branches with so few movies that a run takes a fraction of a second. The
 * numbers are edge cases: lists of three pages and of two, more than two chunks of movies, several parts.
 */

export const DATASET = 'crime-war';
export const DAY = '2026-11-20';
export const BRANCHES = ['crime-2017', 'war-2017'] as const;

/** Movies of 2017 by genre, among those with the votes that the dataset asks for. A movie of both genres counts for both. */
const MOVIES = { 80: 45, 10752: 25 } as const;
const VOTES = 5;
/** Every third movie has no budget, so the rule of the dataset leaves it out. */
const WITHOUT_BUDGET = 3;
const RECORDS_PER_FILE = 8;

const credits = new Map<string, Credits>();

/** The movies, as TMDB has them before or after a week: other budgets then, and fewer of them. */
export const smallCatalogue = (changed = false): Catalogue => {
  const year = defaultCatalogue().movies.filter(
    ({ release_date, vote_count }) => release_date.startsWith('2017') && (vote_count ?? 0) >= VOTES,
  );
  const chosen = new Set(
    Object.entries(MOVIES).flatMap(([genre, count]) =>
      year.filter(({ genres }) => genres.some(({ id }) => id === Number(genre))).slice(0, count),
    ),
  );
  const budget = (id: number, index: number) => {
    const known = index % WITHOUT_BUDGET === 0 ? 0 : 1_000 * (id % 977) + 1_000;
    return changed && index % 2 === 0 ? 0 : known + (changed && known > 0 ? 1 : 0);
  };
  return catalogueOf(
    [...chosen].map((movie, index) => ({ ...movie, budget: budget(movie.id, index) })),
    [],
    // Making them for each request takes longer than all else.
    (kind, id) => {
      const made = credits.get(`${kind} ${id}`) ?? inventedCredits(kind, id);
      credits.set(`${kind} ${id}`, made);
      return made;
    },
  );
};

/** A folder with the dataset of the lab, for the variable DATASETS. */
export const smallDatasets = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-'));
  const datasets = join(folder, 'datasets');
  await mkdir(datasets);
  const { $schema: _, ...whole } = JSON.parse(await readFile(join(ROOT, `datasets/${DATASET}.json`), 'utf8'));
  const small = {
    ...whole,
    source: { ...whole.source, years: { from: 2017, to: 2017 } },
    output: { ...whole.output, recordsPerFile: RECORDS_PER_FILE },
  };
  await writeFile(join(datasets, `${DATASET}.json`), JSON.stringify(small));
  return datasets;
};
