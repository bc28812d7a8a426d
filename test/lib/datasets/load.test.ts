import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import shipped from '../../../datasets/crime-war.json' with { type: 'json' };
import { datasetNames, loadDataset } from '../../../lib/datasets/load.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';

const SHIPPED = join(import.meta.dirname, '../../../datasets');
const key = (folder: string, file = 'movie_{genre}_{year}_part_{part}.json') =>
  `Raw/TMDB/JSON/${folder}/{yyyy}/{mm}/{dd}/${file}`;

/** A folder with these files: an object is crime-war under that name, with some fields changed. */
const folderOf = async (files: Record<string, object | string>) => {
  const folder = await mkdtemp(join(tmpdir(), 'datasets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify({ ...shipped, name, ...content });
    await writeFile(join(folder, `${name}.json`), text);
  }
  return folder;
};
const refusal = async (files: Record<string, object | string>, name: string) => {
  const error = await loadDataset(await folderOf(files), name, KINDS).then(
    () => expect.unreachable('It was loaded.'),
    (thrown: Error) => thrown,
  );
  expect(error.name).toBe('BadInputError');
  expect(error.message).toMatch(/^[^\n]+[.?]$/);
  return error.message;
};

describe('the shipped datasets', async () => {
  const names = await datasetNames(SHIPPED);

  it('are crime-war, and maybe others', () => {
    expect(names).toContain('crime-war');
    expect(names).not.toContain('dataset.schema');
  });

  it.each(names)('%s loads, and shares no folder with another dataset', async (name) => {
    expect(await loadDataset(SHIPPED, name, KINDS)).toMatchObject({ name });
  });
});

describe('a dataset', () => {
  it('is read from the file of its name', async () => {
    const folder = await folderOf({ 'crime-war': { tolerance: 0.1 } });

    expect(await loadDataset(folder, 'crime-war', KINDS)).toMatchObject({ name: 'crime-war', tolerance: 0.1 });
  });

  it('that does not exist is an error that lists the existing datasets', async () => {
    expect(await refusal({ b: {}, a: {}, 'x.schema': '{}' }, 'c')).toBe('There is no dataset "c"; use one of a, b.');
    expect(await refusal({ a: {} }, 'c')).toBe('There is no dataset "c"; use a.');
  });

  it.each(['../a', 'a/../a', '/etc/passwd', '', 'A', 'a.json', 'x.schema'])('cannot have the name %j', async (name) => {
    expect(await refusal({ a: {}, 'x.schema': '{}' }, name)).toContain('There is no dataset');
  });

  it('must have the name of its file', async () => {
    expect(await refusal({ a: { name: 'b' } }, 'a')).toBe('dataset a: name: use the name of its file, "a"; got "b".');
  });

  it('may begin with a byte order mark, which some editors write', async () => {
    const folder = await folderOf({ 'crime-war': `\uFEFF${JSON.stringify(shipped)}` });

    expect(await loadDataset(folder, 'crime-war', KINDS)).toMatchObject({ name: 'crime-war' });
  });

  it('with a misspelt name is an error that says what was probably meant', async () => {
    expect(await refusal({ 'crime-war': {}, popular: {} }, 'crime-wra')).toBe(
      'There is no dataset "crime-wra"; use one of crime-war, popular; did you mean "crime-war"?',
    );
  });

  it('must be JSON', async () => {
    expect(await refusal({ a: '{"name": "a",}' }, 'a')).toMatch(/^dataset a: the file is not JSON: /);
  });

  it('is rejected with a message that names the wrong field', async () => {
    expect(await refusal({ a: { tolerance: 2 } }, 'a')).toMatch(/^dataset a: tolerance: /);
  });
});

describe('two datasets', () => {
  it.each([
    ['the same folder', key('Movies'), key('Movies', 'other_{genre}_{year}_{part}.json')],
    ['one folder below the other', key('Movies'), key('Movies/Crime')],
    ['folders that some genre brings together', key('{genre}'), key('crime')],
  ])('with %s are rejected, whichever is loaded', async (_, one, other) => {
    const files = { one: { output: { key: one } }, other: { output: { key: other } } };

    expect(await refusal(files, 'one')).toContain(
      `dataset one: output.key: its files could be in one folder with those of dataset other (${other})`,
    );
    expect(await refusal(files, 'other')).toContain('those of dataset one');
  });

  it('with different folders are accepted', async () => {
    const folder = await folderOf({
      one: { output: { key: key('Movies') } },
      other: { output: { key: key('Drama') } },
    });

    expect(await loadDataset(folder, 'one', KINDS)).toMatchObject({ name: 'one' });
  });

  it('do not affect each other when one of them is invalid', async () => {
    const folder = await folderOf({ one: {}, broken: '{', wrong: { tolerance: 2 } });

    expect(await loadDataset(folder, 'one', KINDS)).toMatchObject({ name: 'one' });
  });
});
