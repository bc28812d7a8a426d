import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = (pattern: string) =>
  globSync(pattern, { exclude: ['node_modules/**', '.local/**', '.serverless/**', '.esbuild/**'] }).toSorted();
/** What a file imports of the project, as paths from its root. */
const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    join(dirname(file), path),
  );

describe('imports go one way', () => {
  it.each([
    { folder: 'lib', allowed: ['lib/'] },
    { folder: 'functions', allowed: ['lib/'] },
    { folder: 'local', allowed: ['local/', 'functions/', 'lib/'] },
  ])('$folder/ imports nothing but $allowed', ({ folder, allowed }) => {
    const imports = files(`${folder}/**/*.ts`).flatMap((file) => importsOf(file).map((path) => ({ file, path })));
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter(({ path }) => !allowed.some((prefix) => path.startsWith(prefix)))).toEqual([]);
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

  it.each(named)('%s is named for what it knows', (_, name) => {
    expect(BANNED).not.toContain(name);
  });

  it('functions/ is the list of Lambdas, and nothing else', () => {
    expect(files('functions/**/*')).toEqual(
      ['auditor', 'page-walker', 'planner', 'writer'].map((name) => `functions/${name}.ts`),
    );
  });
});

describe('the environment', () => {
  it.each(files('{lib,functions}/**/*.ts').filter((file) => file !== 'lib/wiring.ts'))(
    '%s does not read it',
    (file) => {
      expect(readFileSync(file, 'utf8')).not.toMatch(/process\.env/);
    },
  );

  it.each(files('{lib,functions}/**/*.ts'))('%s cannot tell where it runs', (file) => {
    expect(readFileSync(file, 'utf8')).not.toMatch(
      /NODE_ENV|IS_LOCAL|isLocal|AWS_EXECUTION_ENV|127\.0\.0\.1:|localhost:/,
    );
  });
});

describe('error classes', () => {
  it.each(files('lib/**/*.ts').filter((file) => /class \w+ extends Error/.test(readFileSync(file, 'utf8'))))(
    '%s spells the names of its errors out, for the state machines match on them',
    (file) => {
      const text = readFileSync(file, 'utf8');
      const exported = [...text.matchAll(/export class (\w+) extends Error/g)].map(([, name]) => name);
      for (const name of exported) expect(text).toContain(`override readonly name = '${name}';`);
    },
  );
});

describe('the text of the project', () => {
  it.each(
    files('**/*.{ts,md,yml,json,mjs}').filter(
      (file) => !file.includes('package-lock') && file !== 'test/architecture.test.ts',
    ),
  )('%s speaks of no path outside it', (file) => {
    expect(readFileSync(file, 'utf8')).not.toMatch(/\/work\/(main|shared)|\/home\/\w/);
  });
});
