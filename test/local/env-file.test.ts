import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readEnvFile } from '../../local/env-file.ts';
import { startCommand } from './command-line.ts';
import { temporaryFolder } from './running.ts';

const envFile = async (content: string | Buffer) => {
  const file = join(await temporaryFolder(), '.env');
  await writeFile(file, content);
  return file;
};

it.each([
  ['lines, comments and quotes', '# token\nTMDB_TOKEN="ey.abc"\n\nexport WALKERS_AT_ONCE=2\n'],
  ['a byte order mark and CRLF', '\uFEFFTMDB_TOKEN=ey.abc\r\nWALKERS_AT_ONCE=2\r\n'],
  ['a value of several lines', 'NOTE="first\nsecond\nthird"\nTMDB_TOKEN=ey.abc\nWALKERS_AT_ONCE=2'],
])('reads %s', async (_, content) => {
  const env: NodeJS.ProcessEnv = {};
  readEnvFile(await envFile(content), env);
  expect(env).toMatchObject({ TMDB_TOKEN: 'ey.abc', WALKERS_AT_ONCE: '2' });
});

it('a variable that is set already wins, also where it is empty', async () => {
  const env = { TMDB_TOKEN: '', WALKERS_AT_ONCE: '3' };
  readEnvFile(await envFile('TMDB_TOKEN=ey.abc\nWALKERS_AT_ONCE=2'), env);
  expect(env).toEqual({ TMDB_TOKEN: '', WALKERS_AT_ONCE: '3' });
});

it('no file is no error', async () => {
  const env = {};
  readEnvFile(join(await temporaryFolder(), '.env'), env);
  expect(env).toEqual({});
});

it.each([
  ['a colon', 'A=1\nTMDB_TOKEN: ey.abc\n', 'line 2 has no =; write NAME=value in each line, or begin it with #.'],
  ['only a token', 'ey.abc', 'line 1 has no =; write NAME=value in each line, or begin it with #.'],
  [
    "PowerShell's UTF-16",
    Buffer.from('\uFEFFTMDB_TOKEN=ey.abc', 'utf16le'),
    ' is not UTF-8 (PowerShell writes UTF-16); save it as UTF-8.',
  ],
])('a broken file is one sentence: %s', async (_, content, says) => {
  const file = await envFile(content);
  expect(() => readEnvFile(file, {})).toThrow(says.startsWith(' ') ? `${file}${says}` : `${file}: ${says}`);
});

it('a folder is one sentence', async () => {
  const folder = join(await temporaryFolder(), '.env');
  await mkdir(folder);
  expect(() => readEnvFile(folder, {})).toThrow(
    `${folder} is a folder; it should be a file with lines such as TMDB_TOKEN=value.`,
  );
});

it('npm start reads it, and exits with 2 where it is broken', async () => {
  const key = await envFile('TMDB_TOKEN=0123456789abcdef0123456789ABCDEF');
  const broken = await envFile('TMDB_TOKEN ey.abc');
  const [withKey, withBroken] = await Promise.all(
    [key, broken].map((ENV_FILE) => startCommand(['--dry-run'], { ENV_FILE }).ended),
  );
  expect(withKey).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^The token is an API Key \(32 hexadecimal digits\), .*\n$/),
  });
  expect(withBroken).toMatchObject({
    code: 2,
    err: `${broken}: line 1 has no =; write NAME=value in each line, or begin it with #.\n`,
  });
});
