import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { datasetNames, loadDataset } from '../../lib/datasets/load.ts';
import { KINDS } from '../../lib/sources/kinds.ts';
import { shippedSchema } from '../lib/datasets/shipped.ts';

const FOLDER = join(import.meta.dirname, '../../datasets');

it('datasets/dataset.schema.json equals the schema in the code (vitest -u updates it)', async () => {
  const schema = z.toJSONSchema(shippedSchema, { io: 'input' });
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(join(FOLDER, 'dataset.schema.json'));
});

it.each(await datasetNames(FOLDER))('dataset %s is valid, names its schema, and has at most one page', async (name) => {
  expect(await loadDataset(FOLDER, name, KINDS)).toMatchObject({ name, $schema: './dataset.schema.json' });
  expect(readFileSync(join(FOLDER, `${name}.json`), 'utf8').split('\n').length).toBeLessThanOrEqual(60);
});

const examples = [...readFileSync('docs/datasets.md', 'utf8').matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text = '']) => JSON.parse(text) as { name: string },
);

it.each(examples)('the example $name in docs/datasets.md is right', (example) => {
  expect(shippedSchema.safeParse(example).error).toBeUndefined();
});
