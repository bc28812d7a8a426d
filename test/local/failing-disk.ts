import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

/** Lets a function of the file system fail, in this process, until the returned function is called. */
export const failing = (name: 'openSync' | 'writeSync' | 'renameSync', code: string) => {
  const works = fs[name];
  const fails = (path: unknown) => {
    const message = `${code}: refused by this test, ${name}`;
    throw Object.assign(new Error(message), { code, syscall: name, ...(typeof path === 'string' && { path }) });
  };
  const use = (one: unknown) => {
    Object.assign(fs, { [name]: one });
    syncBuiltinESMExports();
  };
  use(fails);
  onTestFinished(() => use(works));
  return () => use(works);
};
