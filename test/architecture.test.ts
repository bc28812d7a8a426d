import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = (pattern: string) =>
  globSync(pattern, {
    exclude: ['node_modules/**', '.local/**', '.tmdb/**', '.serverless/**', '.esbuild/**', '.stryker/**'],
  }).toSorted();
/** The files whose text matches. */
const filesWith = (pattern: RegExp, paths: readonly string[]) =>
  paths.filter((path) => pattern.test(readFileSync(path, 'utf8')));
/** The project files that a file imports, as paths from the root. */
const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    join(dirname(file), path),
  );

/** The layers, top to bottom. Files of one entry may import one another, but not files of another entry in the same line. */
const LAYERS = [
  [/^test\//],
  [/^bench\//],
  [/^local\//],
  [/^functions\//],
  [/^lib\/(lambda|wiring|tmdb-token|metrics)\.ts$/],
  [/^lib\/stages\//, /^lib\/report\//],
  [/^lib\/sources\//, /^lib\/movies\//],
  [/^lib\/runs\//],
  [/^lib\/tables\//],
  [/^lib\/datasets\//],
  [/^lib\/raw-zone\//, /^lib\/tmdb\//],
  [/^lib\/(names|day|clock|did-you-mean|time-zone|events|json-text|log|parse|stderr)\.ts$/],
];

describe('imports go downwards only', () => {
  const partOf = (file: string) =>
    LAYERS.flatMap((parts, layer) => parts.flatMap((part) => (part.test(file) ? [{ layer, part }] : [])));
  const all = files('{test,bench,local,functions,lib}/**/*.ts');

  it('every file belongs to one layer', () => {
    expect(all.filter((file) => partOf(file).length !== 1)).toEqual([]);
  });

  it('no file imports from a layer above, or from another part of its own layer', () => {
    const imports = all.flatMap((file) => importsOf(file).map((path) => ({ file, path })));
    const wrong = imports.filter(({ file, path }) => {
      const [[from], [to]] = [partOf(file), partOf(path)];
      return from && to && !(to.layer > from.layer || to.part === from.part);
    });
    expect(imports.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  it('in lib/ and functions/, only lib/sources/ and the schema of datasets compare the kind of a source', () => {
    const others = files('{lib,functions}/**/*.ts').filter(
      (file) => !file.startsWith('lib/sources/') && file !== 'lib/datasets/dataset.ts',
    );
    expect(filesWith(/\bkind\b\)?\s*[!=]==?|[!=]==?\s*[\w.?]*\bkind\b|\(\s*[\w.?]*\.kind\s*\)/, others)).toEqual([]);
  });

  it('only lib/runs/layout.ts spells out a key of the bucket', () => {
    const code = files('{lib,functions,local}/**/*.ts').filter((file) => file !== 'lib/runs/layout.ts');
    const spelled = code.filter((file) => {
      const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /['"`](_runs|_manifests|_quarantine)\/|[`'"](Raw\/Local\/CSV|Trusted\/TMDB)\/\$?/.test(text);
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

  it('are specific', () => {
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(([, name]) => BANNED.includes(name)).map(([path]) => path)).toEqual([]);
  });

  it('functions/ contains only the Lambda functions', () => {
    expect(files('functions/**/*')).toEqual(
      ['auditor', 'freshness', 'page-walker', 'planner', 'writer'].map((name) => `functions/${name}.ts`),
    );
  });
});

describe('the environment', () => {
  it('is read in lib/wiring.ts and nowhere else', () => {
    expect(filesWith(/process\.env/, files('{lib,functions}/**/*.ts'))).toEqual(['lib/wiring.ts']);
  });

  it('has no variable that tells lib/ and functions/ where they run', () => {
    const telling = /NODE_ENV|IS_LOCAL|isLocal|AWS_EXECUTION_ENV|127\.0\.0\.1:|localhost:/;
    expect(filesWith(telling, files('{lib,functions}/**/*.ts'))).toEqual([]);
  });
});

describe('error classes', () => {
  it('have string literals as names, because the state machines match on them', () => {
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
  it('contains no path outside the project', () => {
    const texts = files('**/*.{ts,md,yml,json,mjs}').filter(
      (file) => !file.includes('package-lock') && file !== 'test/architecture.test.ts',
    );
    expect(texts.length).toBeGreaterThan(0);
    expect(filesWith(/\/work\/(main|shared)|\/home\/\w/, texts)).toEqual([]);
  });
});
