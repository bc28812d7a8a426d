import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './deployed.ts';

const run = promisify(execFile);

/** What moto, boto3, dlt and airbyte-cdk require. Source: Requires-Python of each on https://pypi.org (read 2026-11-25). */
const MIN_PYTHON = [3, 10] as const;

export interface PythonOptions {
  /** Folder of the virtual environment; made if it doesn't exist. */
  venv: string;
  /** File with the packages, in pip's format. */
  requirements: string;
  /** The Python that makes it. */
  python?: string;
  /** Is told that an installation begins: it takes a minute or more. */
  onInstall?: () => void;
}

/**
 * A Python with the packages of requirements.txt, in a virtual environment of its own.
 *
 * The first call installs them; later ones reuse the environment, until requirements.txt changes or its Python is gone.
 *
 * @returns The path of the environment's Python.
 * @throws {Error} python3 is missing or too old, or can't make the environment. The message says what to do.
 */
export const pythonWithPackages = async ({
  venv,
  requirements: file,
  python = 'python3',
  onInstall,
}: PythonOptions): Promise<string> => {
  const requirements = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  const installed = join(venv, 'requirements.sha256');
  const venvPython = join(venv, 'bin', 'python');
  if ((await readFile(installed, 'utf8').catch(() => '')) === requirements && (await works(venvPython)))
    return venvPython;

  await assertPython(python);
  onInstall?.();
  await rm(venv, { recursive: true, force: true });
  await mkdir(venv, { recursive: true });
  await run(python, ['-m', 'venv', venv]).catch((error: { stdout?: string }) => {
    throw new Error(
      `${python} -m venv failed: ${oneLine(error)}. On Debian and Ubuntu, install the package python3-venv.`,
    );
  });
  await run(venvPython, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', file]).catch(
    (error: { stderr?: string }) => {
      throw new Error(`pip could not install ${relative(ROOT, file)}: ${oneLine(error)}`);
    },
  );
  // Last: an installation that was interrupted begins anew.
  await writeFile(installed, requirements);
  return venvPython;
};

const works = (python: string): Promise<boolean> =>
  run(python, ['-c', '']).then(
    () => true,
    () => false,
  );

const assertPython = async (python: string): Promise<void> => {
  const required = `Python ${MIN_PYTHON.join('.')} or later is needed. Install it and try again.`;
  const { stdout } = await run(python, ['-c', 'import sys; print(*sys.version_info[:2])']).catch(() => {
    throw new Error(`There is no ${python} on the PATH; ${required}`);
  });
  const [major = 0, minor = 0] = stdout.trim().split(' ').map(Number);
  const [minMajor, minMinor] = MIN_PYTHON;
  if (major < minMajor || (major === minMajor && minor < minMinor))
    throw new Error(`${python} is Python ${major}.${minor}; ${required}`);
};

/** What a process that failed printed, as one line. */
const oneLine = ({ stderr, stdout }: { stderr?: string; stdout?: string }): string =>
  `${stdout ?? ''} ${stderr ?? ''}`.replaceAll(/\s+/g, ' ').trim();
