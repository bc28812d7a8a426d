import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { didYouMean } from '../did-you-mean.ts';
import { datasetName } from '../names.ts';
import { BadInputError, parse } from '../parse.ts';
import { couldMeet } from '../raw-zone/key-pattern.ts';
import { type Dataset, datasetSchema, type SourceSchema } from './dataset.ts';

type Kinds = Readonly<Record<string, SourceSchema>>;

/**
 * Loads a dataset from `<folder>/<name>.json`.
 *
 * @param kinds The kinds of source that a dataset can name.
 * @throws {BadInputError} No such dataset, a wrong field in it, or a key pattern whose folder another dataset could use.
 */
export const loadDataset = async (folder: string, name: string, kinds: Kinds): Promise<Dataset> => {
  const names = await datasetNames(folder);
  if (!datasetName.safeParse(name).success || !names.includes(name)) {
    const meant = didYouMean(name, names);
    throw new BadInputError(
      `There is no dataset ${JSON.stringify(name)}; use ${names.length === 1 ? '' : 'one of '}${names.join(', ')}${meant || '.'}`,
    );
  }
  const wanted = await read(folder, name, kinds);
  for (const other of names.filter((one) => one !== name)) {
    const key = await keyOf(folder, other, kinds);
    if (key && couldMeet(wanted.output.key, key)) {
      throw new BadInputError(
        `dataset ${name}: output.key: its files could be in one folder with those of dataset ${other} (${key}); use another folder; got ${JSON.stringify(wanted.output.key)}.`,
      );
    }
  }
  return wanted;
};

export const datasetNames = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(noFolder(folder)))
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .toSorted();

const noFolder =
  (folder: string) =>
  (error: NodeJS.ErrnoException): never => {
    if (!['ENOENT', 'ENOTDIR'].includes(error.code ?? '')) throw error;
    throw new BadInputError(`environment: DATASETS: use a folder with dataset files; got "${folder}".`);
  };

const read = async (folder: string, name: string, kinds: Kinds): Promise<Dataset> => {
  // Some editors write a byte order mark, which is no part of JSON.
  const text = (await readFile(join(folder, `${name}.json`), 'utf8')).replace(/^\uFEFF/, '');
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new BadInputError(`dataset ${name}: the file is not JSON: ${(error as Error).message}.`);
  }
  const checked = parse(datasetSchema(kinds), data, `dataset ${name}`);
  if (checked.name !== name)
    throw new BadInputError(
      `dataset ${name}: name: use the name of its file, ${JSON.stringify(name)}; got ${JSON.stringify(checked.name)}.`,
    );
  return checked;
};

/** Another dataset's key pattern. undefined for an invalid dataset: it must not stop a run of this one. */
const keyOf = async (folder: string, name: string, kinds: Kinds): Promise<string | undefined> => {
  try {
    return (await read(folder, name, kinds)).output.key;
  } catch {
    return undefined;
  }
};
