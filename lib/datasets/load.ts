import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BadInputError, parse } from '../parse.ts';
import { couldMeet } from '../raw-zone/key-pattern.ts';
import { datasetName } from '../runs/layout.ts';
import { type Dataset, dataset } from './dataset.ts';

/**
 * The dataset of that name, from `<folder>/<name>.json`.
 *
 * @throws {BadInputError} No such dataset, a wrong field in it, or a key pattern that could meet another dataset's.
 */
export const loadDataset = async (folder: string, name: string): Promise<Dataset> => {
  const names = await datasetNames(folder);
  if (!datasetName.safeParse(name).success || !names.includes(name)) {
    throw new BadInputError(
      `There is no dataset ${JSON.stringify(name)}: there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}.`,
    );
  }
  const wanted = await read(folder, name);
  for (const other of names.filter((one) => one !== name)) {
    const key = await keyOf(folder, other);
    if (key && couldMeet(wanted.output.key, key)) {
      throw new BadInputError(
        `dataset ${name}: output.key: its files could lie in one folder with those of dataset ${other} (${key}); give each dataset a folder of its own; got ${JSON.stringify(wanted.output.key)}.`,
      );
    }
  }
  return wanted;
};

export const datasetNames = async (folder: string): Promise<string[]> =>
  (await readdir(folder))
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .toSorted();

const read = async (folder: string, name: string): Promise<Dataset> => {
  const text = await readFile(join(folder, `${name}.json`), 'utf8');
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new BadInputError(`dataset ${name}: it is not JSON: ${(error as Error).message}.`);
  }
  const read = parse(dataset, data, `dataset ${name}`);
  if (read.name !== name)
    throw new BadInputError(`dataset ${name}: name: it must be that of its file; got ${JSON.stringify(read.name)}.`);
  return read;
};

/** Another dataset's key pattern; one that is broken is none of this run's business until it is asked for itself. */
const keyOf = async (folder: string, name: string): Promise<string | undefined> => {
  try {
    return (await read(folder, name)).output.key;
  } catch {
    return undefined;
  }
};
