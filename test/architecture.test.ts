import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = (pattern: string) =>
  globSync(pattern, { exclude: ['node_modules/**', '.local/**', '.serverless/**', '.esbuild/**'] }).toSorted();
/** Those of the files whose text has it. */
const filesWith = (pattern: RegExp, paths: readonly string[]) =>
  paths.filter((path) => pattern.test(readFileSync(path, 'utf8')));
/** What a file imports of the project, as paths from its root. */
const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    join(dirname(file), path),
  );

/** Top to bottom. What stands in one line does not know its neighbors; each entry is a part whose files may import one another. */
const LAYERS = [
  [/^test\//],
  [/^bench\//],
  [/^local\//],
  [/^functions\//],
  [/^lib\/(lambda|wiring|tmdb-token|metrics)\.ts$/],
  [/^lib\/stages\//],
  [/^lib\/sources\//, /^lib\/movies\//],
  [/^lib\/runs\//],
  [/^lib\/datasets\//],
  [/^lib\/raw-zone\//, /^lib\/tmdb\//],
  [/^lib\/(names|day|clock|events|log|parse|stderr)\.ts$/],
];

describe('imports go downwards only', () => {
  const partOf = (file: string) =>
    LAYERS.flatMap((parts, layer) => parts.flatMap((part) => (part.test(file) ? [{ layer, part }] : [])));
  const all = files('{test,bench,local,functions,lib}/**/*.ts');

  it('every file belongs to one layer', () => {
    expect(all.filter((file) => partOf(file).length !== 1)).toEqual([]);
  });

  it('no file imports from a layer above its own, or from its neighbor', () => {
    const imports = all.flatMap((file) => importsOf(file).map((path) => ({ file, path })));
    const wrong = imports.filter(({ file, path }) => {
      const [[from], [to]] = [partOf(file), partOf(path)];
      return from && to && !(to.layer > from.layer || to.part === from.part);
    });
    expect(imports.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  it('no file of lib/ or functions/ compares the kind of a source, but those of lib/sources/ and the schema of datasets', () => {
    const others = files('{lib,functions}/**/*.ts').filter(
      (file) => !file.startsWith('lib/sources/') && file !== 'lib/datasets/dataset.ts',
    );
    expect(filesWith(/\bkind\b\)?\s*[!=]==?|[!=]==?\s*[\w.?]*\bkind\b|\(\s*[\w.?]*\.kind\s*\)/, others)).toEqual([]);
  });

  it('only lib/runs/layout.ts spells a key of the bucket', () => {
    const code = files('{lib,functions,local}/**/*.ts').filter((file) => file !== 'lib/runs/layout.ts');
    const spelled = code.filter((file) => {
      const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /['"`](_runs|_manifests|_quarantine)\/|[`'"]Raw\/Local\/CSV\/\$/.test(text);
    });
    expect(spelled).toEqual([]);
  });
});

describe('names', () => {
  const BANNED = [
    'utils',
    'helpers',
    'common',
    'shared',
    'misc',
    'core',
    'types',
    'constants',
    'index',
    'manager',
    'service',
  ];
  const named = files('{lib,functions,local,bench,test,resources}/**').map(
    (path) => [path, basename(path).replace(/\..*$/, '')] as const,
  );

  it('say what a file knows', () => {
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(([, name]) => BANNED.includes(name)).map(([path]) => path)).toEqual([]);
  });

  it('functions/ is the list of Lambdas, and nothing else', () => {
    expect(files('functions/**/*')).toEqual(
      ['auditor', 'page-walker', 'planner', 'writer'].map((name) => `functions/${name}.ts`),
    );
  });
});

describe('the environment', () => {
  it('is read in lib/wiring.ts and nowhere else', () => {
    expect(filesWith(/process\.env/, files('{lib,functions}/**/*.ts'))).toEqual(['lib/wiring.ts']);
  });

  it('does not tell lib/ and functions/ where they run', () => {
    const telling = /NODE_ENV|IS_LOCAL|isLocal|AWS_EXECUTION_ENV|127\.0\.0\.1:|localhost:/;
    expect(filesWith(telling, files('{lib,functions}/**/*.ts'))).toEqual([]);
  });
});

describe('error classes', () => {
  it('have their names spelled out, for the state machines match on them', () => {
    const exported = files('lib/**/*.ts').flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return [...text.matchAll(/export class (\w+) extends Error/g)].map(([, name]) => ({ file, name, text }));
    });
    expect(exported.length).toBeGreaterThan(0);
    expect(
      exported
        .filter(({ name, text }) => !text.includes(`override readonly name = '${name}';`))
        .map(({ file, name }) => `${file}: ${name}`),
    ).toEqual([]);
  });
});

describe('the text of the project', () => {
  it('speaks of no path outside it', () => {
    const texts = files('**/*.{ts,md,yml,json,mjs}').filter(
      (file) => !file.includes('package-lock') && file !== 'test/architecture.test.ts',
    );
    expect(texts.length).toBeGreaterThan(0);
    expect(filesWith(/\/work\/(main|shared)|\/home\/\w/, texts)).toEqual([]);
  });
});
