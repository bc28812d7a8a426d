import { chmod, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { pythonWithPackages } from '../../local/python.ts';

const folder = () => mkdtemp(join(tmpdir(), 'python-'));

const requirements = join(ROOT, 'test/emulator/requirements.txt');

/** An executable that prints this text, whatever it is asked. */
const printing = async (text: string) => {
  const path = join(await folder(), 'python');
  await writeFile(path, `#!/bin/sh\necho ${text}\n`);
  await chmod(path, 0o755);
  return path;
};

describe('a Python with packages', () => {
  it('is asked for in one sentence where there is none', async () => {
    const venv = join(await folder(), 'venv');
    await expect(pythonWithPackages({ venv, requirements, python: 'no-such-python3' })).rejects.toThrow(
      'There is no no-such-python3 on the PATH; Python 3.10 or later is needed. Install it and try again.',
    );
  });

  it.each(['3 9', '2 7'])('may not be as old as %s', async (version) => {
    const parent = await folder();
    const python = await printing(version);
    await expect(pythonWithPackages({ venv: join(parent, 'venv'), requirements, python })).rejects.toThrow(
      `is Python ${version.replace(' ', '.')}; Python 3.10 or later is needed.`,
    );
    expect(await readdir(parent)).toEqual([]);
  });
});
