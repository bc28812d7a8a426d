import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { csvSettings } from '../../../lib/sources/csv.ts';
import { LOCAL_BUCKET, startBucket } from '../../../local/bucket.ts';
import { writeCsv } from '../../../local/simulator/csv.ts';
import { lookAt, NEEDED_COLUMNS } from '../../../local/upload/csv-file.ts';
import { startProgram } from '../command-line.ts';
import { rawZone, temporaryFolder } from '../running.ts';

const DAY = '2026-11-20';
const HEADER = 'id|tituloPincipal|anoLancamento|genero';
const ROW = 'tt0000001|Carmencita é|1894|Documentary';
const GOOD = `${HEADER}\n${ROW}\n`;

/** `npm run upload`. */
const startUpload = (args: readonly string[], env?: Record<string, string>) =>
  startProgram('local/upload.ts', args, env);
const upload = (args: readonly string[], env?: Record<string, string>) => startUpload(args, env).ended;

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

const written = async (name: string, content: string | Buffer) => {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
};

/** Above 16 MB, so that it goes in parts wherever it goes. */
const large = async (kind: 'Movies' | 'Series' = 'Movies') => {
  const path = join(await temporaryFolder(), `${kind.toLowerCase()}.csv`);
  await writeCsv(path, { kind, rows: 120_000, ids: 20_000, seed: 1 });
  return path;
};

describe('npm run upload', () => {
  it('lays files down in the raw zone, byte for byte, and says what and how much', async () => {
    const movies = await large();
    const bytes = await readFile(movies);
    const series = await written('Series-2022.csv', `\uFEFF${GOOD.replaceAll('\n', '\r\n')}`);
    const out = await temporaryFolder();
    const { code, out: said, err } = await upload([movies, series, '--day', DAY, '--out', out]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(bytes.length).toBeGreaterThan(16_000_000);
    expect(await rawZone(join(out, 'bucket'))).toEqual({
      'Local/CSV/Movies/2026/11/20/movies.csv': sha256(bytes),
      'Local/CSV/Series/2026/11/20/Series-2022.csv': sha256(await readFile(series)),
    });
    expect(said).toContain(`${movies}: ${bytes.length} bytes, to Raw/Local/CSV/Movies/2026/11/20/movies.csv\n`);
    expect(said).toMatch(
      new RegExp(`: sent and checked, ${bytes.length} bytes in [\\d.]+ s, sha256 ${sha256(bytes)}\n`),
    );
    expect(said.endsWith(`2 files are in ${join(out, 'bucket')}\n`)).toBe(true);
  });

  it('said again, sends nothing; said with another content, replaces it', async () => {
    const movies = await written('movies.csv', GOOD);
    const out = await temporaryFolder();
    await upload([movies, '--day', DAY, '--out', out]);
    const again = await upload([movies, '--day', DAY, '--out', out]);
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('already there, nothing sent') });

    await writeFile(movies, GOOD.replace('1894', '1895'));
    const other = await upload([movies, '--day', DAY, '--out', out]);
    expect(other).toMatchObject({ code: 0, out: expect.stringContaining('sent and checked') });
    expect(Object.values(await rawZone(join(out, 'bucket')))).toEqual([sha256(await readFile(movies))]);
  });

  it('killed in the middle and said again, leaves the file and no half of it', async () => {
    const movies = await large();
    const out = await temporaryFolder();
    const halves = () => readdir(join(out, 's3', '_multipart'), { recursive: true }).catch((): string[] => []);
    const { child, ended } = startUpload([movies, '--day', DAY, '--out', out]);
    while (!(await halves()).some((file) => file.endsWith('.data')) && child.exitCode === null)
      await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await ended;

    const { code, err } = await upload([movies, '--day', DAY, '--out', out]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await rawZone(join(out, 'bucket'))).toEqual({
      'Local/CSV/Movies/2026/11/20/movies.csv': sha256(await readFile(movies)),
    });
    expect(await halves()).toEqual([]);
  });

  it('takes the kind of all files from --kind, and the day from this machine', async () => {
    const out = await temporaryFolder();
    const file = await written('titles.CSV', GOOD);
    const { code } = await upload([file, '--kind', 'Series', '--out', out]);
    expect(code).toBe(0);
    expect(Object.keys(await rawZone(join(out, 'bucket')))).toEqual([
      expect.stringMatching(/^Local\/CSV\/Series\/\d{4}\/\d\d\/\d\d\/titles\.CSV$/),
    ]);
  });

  it('finds files from where npm was called, not from where npm runs it', async () => {
    const file = await written('movies.csv', GOOD);
    const env = { npm_lifecycle_event: 'upload', INIT_CWD: join(file, '..') };
    const { code } = await upload(['movies.csv', '--out', await temporaryFolder()], env);
    expect(code).toBe(0);
  });

  it('refuses to work in a folder that another process works in', async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'in-use-by.pid'), String(process.pid));
    const { code, err } = await upload([await written('movies.csv', GOOD), '--out', out]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(new RegExp(`^Process ${process.pid} works in .*--out\\.\n$`)),
    });
  });
});

describe('a file that is not what it says', () => {
  const longTitle = `${HEADER}\n${'é'.repeat(40_000)}|a|2000|Drama\nb${'é'.repeat(40_000)}|a|2000|Drama\n`;

  it.each([
    { what: 'LF', content: GOOD },
    { what: 'CRLF and a BOM', content: `\uFEFF${GOOD.replaceAll('\n', '\r\n')}` },
    { what: 'no line feed at its end', content: GOOD.trimEnd() },
    { what: 'characters cut by the windows that are looked at', content: longTitle },
    { what: 'the same, a byte further', content: longTitle.replace('é', 'aé') },
    { what: 'another delimiter, which was said', content: GOOD.replaceAll('|', ';'), delimiter: ';' },
  ])('is none with $what', async ({ content, delimiter = '|' }) => {
    const path = await written('movies.csv', content);
    expect(await lookAt(path, delimiter, 'movies.csv')).toMatchObject({ path, bytes: Buffer.byteLength(content) });
  });

  const rows = `${ROW}\n`.repeat(4_000);
  it.each<{ what: string; content: string | Buffer; delimiter?: string; says: RegExp }>([
    { what: 'is empty', content: '', says: /: it is empty; a CSV has a header line and at least one row\.$/ },
    { what: 'is a header alone', content: `${HEADER}\n`, says: /: it has a header and nothing below it; a CSV has / },
    { what: 'is a header and blank lines', content: `${HEADER}\r\n\r\n`, says: /: it has a header and nothing below/ },
    { what: 'has no header', content: `\n${GOOD}`, says: /: its first line is empty; the first line is the header,/ },
    {
      what: 'is one endless line',
      content: 'id|'.repeat(30_000),
      says: /: its first line goes on for more than 65536/,
    },
    { what: 'has a NUL', content: GOOD.replace('é', '\0'), says: /: a NUL byte stands at 60, so this is binary, or U/ },
    {
      what: 'has a NUL near its end',
      content: `${GOOD}${rows}\0`,
      says: /: a NUL byte stands at \d{6}, so this is binary/,
    },
    {
      what: 'is UTF-16',
      content: Buffer.from(GOOD, 'utf16le'),
      says: /: a NUL byte stands at 1, so .* UTF-16; .*UTF-8/,
    },
    {
      what: 'is Latin-1',
      content: Buffer.from(GOOD, 'latin1'),
      says: /: line 2 is not UTF-8 \(Latin-1, perhaps\); save it as UTF-8, or iconv/,
    },
    {
      what: 'turns Latin-1 near its end',
      content: Buffer.concat([Buffer.from(GOOD + rows), Buffer.from(GOOD, 'latin1')]),
      says: /: its end is not UTF-8/,
    },
    {
      what: 'ends within a character',
      content: Buffer.from(`${GOOD}é`).subarray(0, -1),
      says: /: line 3 is not UTF-8/,
    },
    {
      what: 'has another delimiter',
      content: GOOD.replaceAll('|', ';'),
      says: /: its header has no "\|" between columns; it seems to be separated by ";": say --delimiter ';' here/,
    },
    {
      what: 'has tabs',
      content: GOOD.replaceAll('|', '\t'),
      says: /separated by "\\t": say --delimiter '\\t' here and the same in the dataset\.$/,
    },
    {
      what: 'has the usual delimiter where another was said',
      content: GOOD,
      delimiter: ';',
      says: /: its header has no ";" between columns; it seems to be separated by "\|"/,
    },
    {
      what: 'is no table',
      content: 'Dear all\nhow are you\n',
      says: /: its header has no "\|" between columns: "Dear all"\.$/,
    },
    {
      what: 'lacks columns',
      content: GOOD.replace('genero', 'genre').replace('id|', 'ID|'),
      says: /: its header has no column "id" and "genero"; what stands in it is "ID\|tituloPincipal\|anoLancamento\|genre"/,
    },
    {
      what: 'has a column twice',
      content: GOOD.replace('tituloPincipal', 'genero'),
      says: /: its header has the column "genero" twice; each column has a name of its own\.$/,
    },
  ])('is refused if it $what', async ({ content, delimiter = '|', says }) => {
    const path = await written('movies.csv', content);
    await expect(lookAt(path, delimiter, 'movies.csv')).rejects.toMatchObject({
      name: 'BadInputError',
      message: expect.stringMatching(says),
    });
  });

  it('is told of in one sentence each, with 2, and nothing is sent, of no file', async () => {
    const folder = await temporaryFolder();
    const file = async (name: string, content = GOOD) => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    await mkdir(join(folder, 'movies'));
    const good = await file('movies.csv');
    const out = join(folder, 'out');
    const { code, err } = await upload([
      good,
      join(folder, 'movies-nowhere.csv'),
      join(folder, 'movies'),
      await file('series.csv', ''),
      await file('titles.csv'),
      await file('movies 2022.csv'),
      await file('filmes-ação.csv'),
      await file('movies.txt'),
      join(folder, '.', 'movies.csv'),
      '--out',
      out,
    ]);
    expect(code).toBe(2);
    expect(err.replaceAll(`${folder}/`, '').split('\n')).toEqual([
      'movies-nowhere.csv: there is no such file; say the path of a CSV file.',
      'movies: this is a folder; say the CSV files in it by name.',
      'series.csv: it is empty; a CSV has a header line and at least one row.',
      expect.stringMatching(
        /^titles\.csv: its name says neither movies nor series; say --kind Movies or --kind Series/,
      ),
      expect.stringMatching(
        /^movies 2022\.csv: the name "movies 2022\.csv" can't stand in a key; rename it to letters/,
      ),
      expect.stringMatching(/^filmes-ação\.csv: the name "filmes-ação\.csv" can't stand in a key/),
      expect.stringMatching(/^movies\.txt: the name "movies\.txt" can't stand in a key; .* end in \.csv/),
      expect.stringMatching(/^movies\.csv: it would become the same object as movies\.csv, Raw\/Local/),
      'Nothing was sent.',
      '',
    ]);
    expect(await readdir(folder)).not.toContain('out');
  });

  it('is measured by the columns that a csv dataset needs by default', () => {
    const { columns = {} } = csvSettings({ kind: 'csv', upload: 'Movies' } as { kind: string }) ?? {};
    expect(Object.values(columns)).toEqual(NEEDED_COLUMNS);
  });

  it('may have other columns, where they are said', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'movies.csv');
    await writeFile(file, 'tconst|ano|generos\ntt0000001|1894|Documentary\n');
    expect((await upload([file, '--out', folder])).err).toMatch(/has no column "id", "anoLancamento"/);
    expect(await upload([file, '--out', folder, '--columns', 'tconst,ano,generos'])).toMatchObject({
      code: 0,
      err: '',
    });
  });
});

describe('a wrong command line', () => {
  it.each([
    { args: [], says: /^Which files\? npm run upload -- movies\.csv series\.csv; --help says more\.\n$/ },
    {
      args: ['m.csv', '--day', '2026-02-30'],
      says: /^options: day: use YYYY-MM-DD, for example 2026-11-20; got "2026-02-30"\.\n$/,
    },
    { args: ['m.csv', '--kind', 'movies'], says: /^options: kind: use Movies or Series; got "movies"\.\n$/ },
    {
      args: ['m.csv', '--delimiter', '||'],
      says: /^options: delimiter: a delimiter is one character, or .*"\|\|"\.\n$/,
    },
    {
      args: ['m.csv', '--bucket', 'No_Bucket'],
      says: /^options: bucket: a bucket's name has 3 to 63 .*"No_Bucket"\.\n$/,
    },
    {
      args: ['m.csv', '--buckt', 'x'],
      says: /^options: Unknown option '--buckt'.*npm run upload -- --help lists them\.\n$/,
    },
  ])('is answered with one clear sentence and 2: $args', async ({ args, says }) => {
    const { code, err } = await upload(args);
    expect(err).toMatch(says);
    expect(code).toBe(2);
  });

  it('is not --help', async () => {
    const { code, out, err } = await upload(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^npm run upload -- .*\n[\s\S]*by this machine's own calendar[\s\S]*Exit code: 0/);
  });
});

describe('--bucket', () => {
  const KEY = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00', AWS_SECRET_ACCESS_KEY: 's3cr3t', AWS_REGION: 'us-east-1' };

  const serve = async (listener: RequestListener) => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };
  const answering = (status: number, name: string) =>
    serve((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(
        request.method === 'HEAD'
          ? ''
          : `<Error><Code>${name}</Code><Message>${KEY.AWS_ACCESS_KEY_ID}</Message></Error>`,
      );
    });

  it('sends to that bucket, with the credentials that AWS tools use', async () => {
    const storage = await temporaryFolder();
    const bucket = await startBucket(storage);
    onTestFinished(() => bucket.close());
    const movies = await written('movies.csv', GOOD);
    const copy = await written('series.csv', GOOD);
    await copyFile(movies, copy);
    const { code, out } = await upload([movies, copy, '--bucket', LOCAL_BUCKET, '--day', DAY], {
      ...KEY,
      AWS_ENDPOINT_URL_S3: bucket.url,
    });
    expect(code).toBe(0);
    expect(out.endsWith(`2 files are in s3://${LOCAL_BUCKET}\n`)).toBe(true);
    await bucket.mirror(join(storage, 'mirror'));
    expect(Object.keys(await rawZone(join(storage, 'mirror')))).toHaveLength(2);
  });

  it('that does not exist is told of in one sentence', async () => {
    const bucket = await startBucket(await temporaryFolder());
    onTestFinished(() => bucket.close());
    const { code, err } = await upload([await large(), '--bucket', 'not-there'], {
      ...KEY,
      AWS_ENDPOINT_URL_S3: bucket.url,
    });
    expect(err).toMatch(/^There is no bucket not-there: mend --bucket, or .*\nNot uploaded: .*movies\.csv\. .*\n$/);
    expect(code).toBe(1);
  });

  it.each([
    {
      status: 403,
      name: 'AccessDenied',
      says: /^AWS doesn't let these credentials into bucket raw-zone: they need s3:/,
    },
    { status: 400, name: 'ExpiredToken', says: /^The AWS credentials for bucket raw-zone have expired: log in again/ },
    { status: 403, name: 'InvalidAccessKeyId', says: /^AWS doesn't know the credentials that bucket raw-zone was ask/ },
    { status: 400, name: 'Unheard', says: /: bucket raw-zone answered Unheard \(400\): \(access key\)\n/ },
  ])('that answers $name is told of in one sentence, without credentials', async ({ status, name, says }) => {
    const { url } = await answering(status, name);
    const { code, err } = await upload([await written('movies.csv', GOOD), '--bucket', 'raw-zone'], {
      ...KEY,
      AWS_ENDPOINT_URL_S3: url,
    });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/AKIA|s3cr3t|\n\s+at /);
    expect(code).toBe(1);
  });

  it('that nobody can reach is told of in one sentence', async () => {
    const { server, url } = await serve(() => undefined);
    server.close();
    await once(server, 'close');
    const { code, err } = await upload([await written('movies.csv', GOOD), '--bucket', 'raw-zone'], {
      ...KEY,
      AWS_ENDPOINT_URL_S3: url,
    });
    expect(err).toMatch(/: the connection to bucket raw-zone failed \(ECONNREFUSED\): repeat the command when/);
    expect(code).toBe(1);
  });

  it.each([
    { env: { AWS_REGION: 'us-east-1' }, says: /^There are no AWS credentials to reach bucket raw-zone with: log in/ },
    { env: { ...KEY, AWS_REGION: '' }, says: /^No AWS region is set to reach bucket raw-zone in: set AWS_REGION\./ },
  ])('without what it takes is told of in one sentence', async ({ env, says }) => {
    const home = await temporaryFolder();
    const { code, err } = await upload([await written('movies.csv', GOOD), '--bucket', 'raw-zone'], {
      HOME: home,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    });
    expect(err).toMatch(says);
    expect(code).toBe(1);
  });
});
