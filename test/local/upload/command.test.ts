import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { csvSettings } from '../../../lib/sources/csv.ts';
import { LOCAL_BUCKET, startBucket } from '../../../local/bucket.ts';
import { claim } from '../../../local/claim.ts';
import { writeCsv } from '../../../local/simulator/csv.ts';
import { checkCsvFile, NEEDED_COLUMNS } from '../../../local/upload/csv-file.ts';
import { openDestination } from '../../../local/upload/destination.ts';
import { startProgram } from '../command-line.ts';
import { failing } from '../failing-disk.ts';
import { rawZone, temporaryFolder } from '../running.ts';
import { uploadInProcess } from '../start-in-process.ts';

const DAY = '2026-11-20';
const HEADER = 'id|tituloPincipal|anoLancamento|genero';
const ROW = 'tt0000001|Carmencita é|1894|Documentary';
const GOOD = `${HEADER}\n${ROW}\n`;

/** `npm run upload` as a separate process. */
const startUpload = (args: readonly string[], env?: Record<string, string>) =>
  startProgram('local/upload.ts', args, env);
const upload = (args: readonly string[], env?: Record<string, string>) => startUpload(args, env).ended;

/** `npm run upload` in this process, with variables that the AWS SDK reads on its own. */
const uploadToAws = async (args: readonly string[], env: Record<string, string>) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    return await uploadInProcess(args, env);
  } finally {
    vi.unstubAllEnvs();
  }
};

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

const written = async (name: string, content: string | Buffer) => {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
};

/** A file above 16 MB, which is sent in parts to AWS and to the embedded S3. */
let large: string;
beforeAll(async () => {
  large = join(await temporaryFolder(), 'movies.csv');
  await writeCsv(large, { kind: 'Movies', rows: 120_000, ids: 20_000, seed: 1 });
});

describe('npm run upload', () => {
  it('uploads files byte for byte, and prints their size, key and checksum', async () => {
    const movies = large;
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

  it('uploads a file that is packed with gzip as it is', async () => {
    const packed = gzipSync(GOOD);
    const out = await temporaryFolder();
    const { code, err } = await uploadInProcess([await written('movies.csv.gz', packed), '--day', DAY, '--out', out]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await rawZone(join(out, 'bucket'))).toEqual({ 'Local/CSV/Movies/2026/11/20/movies.csv.gz': sha256(packed) });
  });

  it('sends nothing when it is repeated, and replaces a file whose content has changed', async () => {
    const movies = await written('movies.csv', GOOD);
    const out = await temporaryFolder();
    await uploadInProcess([movies, '--day', DAY, '--out', out]);
    const again = await uploadInProcess([movies, '--day', DAY, '--out', out]);
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('already in the bucket, not sent') });
    expect(again.out).toContain(
      'To read this one, add --upload Raw/Local/CSV/Movies/2026/11/20/movies.csv to npm start.\n',
    );

    await writeFile(movies, GOOD.replace('1894', '1895'));
    const other = await uploadInProcess([movies, '--day', DAY, '--out', out]);
    expect(other).toMatchObject({ code: 0, out: expect.stringContaining('sent and checked') });
    expect(other.out).toContain('\nIt replaces another file of the same name and day: Raw/Local/CSV/Movies/2026/');
    expect(Object.values(await rawZone(join(out, 'bucket')))).toEqual([sha256(await readFile(movies))]);
  });

  it('says that the disk is full where the folder of the embedded bucket has no space left', async () => {
    const out = await temporaryFolder();
    const movies = await written('movies.csv', GOOD);
    const works = failing('writeSync', 'ENOSPC');
    const { code, err } = await uploadInProcess([movies, '--day', DAY, '--out', out]);
    works();
    expect(err).toMatch(/^\S+\/bucket\/\S+: the disk is full; free some space \(ENOSPC\)\.\nNot uploaded: /);
    expect(code).toBe(1);
  });

  it('leaves only the complete file when it is killed and repeated', async () => {
    const movies = large;
    const out = await temporaryFolder();
    const halves = () => readdir(join(out, 'bucket', '.writing'), { recursive: true }).catch((): string[] => []);
    const { child, ended } = startUpload([movies, '--day', DAY, '--out', out]);
    while (!(await halves()).some((file) => /-.*\/1$/.test(file)) && child.exitCode === null)
      await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await ended;

    const { code, err } = await uploadInProcess([movies, '--day', DAY, '--out', out]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await rawZone(join(out, 'bucket'))).toEqual({
      'Local/CSV/Movies/2026/11/20/movies.csv': sha256(await readFile(movies)),
    });
    expect(await halves()).toEqual([]);
  });

  it('uses --kind for all files, and the day in the time zone of this machine', async () => {
    const out = await temporaryFolder();
    const file = await written('titles.CSV', GOOD);
    const { code } = await uploadInProcess([file, '--kind', 'Series', '--out', out]);
    expect(code).toBe(0);
    expect(Object.keys(await rawZone(join(out, 'bucket')))).toEqual([
      expect.stringMatching(/^Local\/CSV\/Series\/\d{4}\/\d\d\/\d\d\/titles\.CSV$/),
    ]);
  });

  it('reads paths relative to the folder in which npm was called', async () => {
    const file = await written('movies.csv', GOOD);
    const env = { npm_lifecycle_event: 'upload', INIT_CWD: join(file, '..') };
    const { code } = await uploadInProcess(['movies.csv', '--out', await temporaryFolder()], env);
    expect(code).toBe(0);
  });

  it('refuses a folder that another process uses', async () => {
    const out = await temporaryFolder();
    onTestFinished(await claim(out));
    const { code, err } = await upload([await written('movies.csv', GOOD), '--out', out]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(new RegExp(`^Folder ${out} is in use by process ${process.pid}: wait .*--out\\.\n$`)),
    });
  });
});

describe('the check of a CSV file', () => {
  const longTitle = `${HEADER}\n${'é'.repeat(40_000)}|a|2000|Drama\nb${'é'.repeat(40_000)}|a|2000|Drama\n`;

  it.each([
    { what: 'LF', content: GOOD },
    { what: 'CRLF and a BOM', content: `\uFEFF${GOOD.replaceAll('\n', '\r\n')}` },
    { what: 'no line feed at its end', content: GOOD.trimEnd() },
    { what: 'characters that the checked windows cut', content: longTitle },
    { what: 'characters that the windows cut at another byte', content: longTitle.replace('é', 'aé') },
    { what: 'CR, as old spreadsheet programs write it', content: GOOD.replaceAll('\n', '\r') },
    { what: 'a header in LF and rows in CRLF', content: `${HEADER}\n${ROW}\r\n` },
    { what: 'quotation marks around all names', content: GOOD.replaceAll(/[^|\n]+/g, '"$&"') },
    { what: 'spaces around the names', content: GOOD.replaceAll('|', ' | ') },
    { what: 'another delimiter, given as an option', content: GOOD.replaceAll('|', ';'), delimiter: ';' },
  ])('accepts a file with $what', async ({ content, delimiter = '|' }) => {
    const path = await written('movies.csv', content);
    expect(await checkCsvFile(path, delimiter, 'movies.csv')).toMatchObject({
      path,
      bytes: Buffer.byteLength(content),
    });
  });

  it('accepts a file that is packed with gzip, and unpacks only its start', async () => {
    for (const content of [GOOD, longTitle, `${GOOD}${`${ROW}\n`.repeat(9_000)}`]) {
      const packed = gzipSync(content);
      expect(await checkCsvFile(await written('movies.csv.gz', packed), '|', 'movies.csv.gz')).toMatchObject({
        bytes: packed.length,
      });
    }
    const more = Array.from({ length: 90_000 }, (_, at) => `tt${(at * 7_368_787) % 99_999_999}`).join('\n');
    const cutOff = gzipSync(`${GOOD}${more}`).subarray(0, -1_000);
    expect(await checkCsvFile(await written('movies.csv.gz', cutOff), '|', 'movies.csv.gz')).toMatchObject({});
  });

  it.each([
    { name: 'movies.csv.gz', content: GOOD, says: /: it is not a gzip file, and its name ends in \.gz; rename it, or/ },
    { name: 'movies.csv', content: gzipSync(GOOD), says: /: it is a gzip file; its name must end in \.csv\.gz, so/ },
    {
      name: 'movies.csv.gz',
      content: gzipSync(GOOD).subarray(0, 30),
      says: /: the gzip file is damaged or incomplete; pack the CSV again/,
    },
    {
      name: 'movies.csv.gz',
      content: gzipSync(GOOD.replaceAll('|', ';')),
      says: /: its header has no delimiter "\|"; its delimiter seems to be ";"/,
    },
    { name: 'movies.csv.gz', content: gzipSync(Buffer.from(GOOD, 'latin1')), says: /: line 2 is not UTF-8/ },
    { name: 'movies.csv.gz', content: gzipSync(''), says: /: its first line is empty; the first line must be the/ },
  ])('rejects $name with other content: $says', async ({ name, content, says }) => {
    await expect(checkCsvFile(await written(name, content), '|', name)).rejects.toMatchObject({
      name: 'BadInputError',
      message: expect.stringMatching(says),
    });
  });

  const rows = `${ROW}\n`.repeat(4_000);
  it.each<{ what: string; content: string | Buffer; delimiter?: string; says: RegExp }>([
    { what: 'is empty', content: '', says: /: it is empty; a CSV must have a header and at least one row\.$/ },
    { what: 'is a header alone', content: `${HEADER}\n`, says: /: it has a header but no rows; a CSV must have at / },
    {
      what: 'is a header and blank lines',
      content: `${HEADER}\r\n\r\n`,
      says: /: it has a header but no rows; a CSV must/,
    },
    {
      what: 'has no header',
      content: `\n${GOOD}`,
      says: /: its first line is empty; the first line must be the header,/,
    },
    {
      what: 'is one endless line',
      content: 'id|'.repeat(30_000),
      says: /: its first line has more than 65536 bytes; the first line must be the header\.$/,
    },
    { what: 'has a NUL', content: GOOD.replace('é', '\0'), says: /: byte 60 is NUL, so the file is binary or UTF-16;/ },
    {
      what: 'has a NUL near its end',
      content: `${GOOD}${rows}\0`,
      says: /: byte \d{6} is NUL, so the file is binary or UTF-16/,
    },
    {
      what: 'is UTF-16',
      content: Buffer.from(GOOD, 'utf16le'),
      says: /: byte 1 is NUL, so .* UTF-16; save it as UTF-8 text\.$/,
    },
    {
      what: 'is Latin-1',
      content: Buffer.from(GOOD, 'latin1'),
      says: /: line 2 is not UTF-8 \(maybe Latin-1\); save the file as UTF-8, or convert it with iconv/,
    },
    {
      what: 'is Latin-1 near its end',
      content: Buffer.concat([Buffer.from(GOOD + rows), Buffer.from(GOOD, 'latin1')]),
      says: /: its end is not UTF-8/,
    },
    {
      what: 'ends within a character',
      content: Buffer.from(`${GOOD}é`).subarray(0, -1),
      says: /: line 3 is not UTF-8/,
    },
    {
      what: 'is Latin-1 with CR line ends',
      content: Buffer.from(GOOD.replaceAll('\n', '\r'), 'latin1'),
      says: /: line 2 is not UTF-8/,
    },
    {
      what: 'has another delimiter between quoted names',
      content: GOOD.replaceAll(/[^|\n]+/g, '"$&"').replaceAll('|', ','),
      says: /its delimiter seems to be ",": use --delimiter ',', and set the same delimiter in the dataset\.$/,
    },
    {
      what: 'has another delimiter',
      content: GOOD.replaceAll('|', ';'),
      says: /: its header has no delimiter "\|"; its delimiter seems to be ";": use --delimiter ';', and set/,
    },
    {
      what: 'has tabs',
      content: GOOD.replaceAll('|', '\t'),
      says: /seems to be "\\t": use --delimiter '\\t', and set the same delimiter in the dataset\.$/,
    },
    {
      what: 'has the default delimiter, but another one was given',
      content: GOOD,
      delimiter: ';',
      says: /: its header has no delimiter ";"; its delimiter seems to be "\|"/,
    },
    {
      what: 'is not a table',
      content: 'Dear all\nhow are you\n',
      says: /: its header has no delimiter "\|"; the header is "Dear all": upload a CSV with the columns "id", "anoLancamento" and "genero"\.$/,
    },
    {
      what: 'lacks columns',
      content: GOOD.replace('genero', 'genre').replace('id|', 'ID|'),
      says: /: its header has no column "id" and "genero"; the header is "ID\|tituloPincipal\|anoLancamento\|genre": use --columns/,
    },
    {
      what: 'has a column twice',
      content: GOOD.replace('tituloPincipal', 'genero'),
      says: /: its header has the column "genero" twice; column names must be unique, so rename one of them\.$/,
    },
  ])('rejects a file that $what', async ({ content, delimiter = '|', says }) => {
    const path = await written('movies.csv', content);
    await expect(checkCsvFile(path, delimiter, 'movies.csv')).rejects.toMatchObject({
      name: 'BadInputError',
      message: expect.stringMatching(says),
    });
  });

  it('prints one error for each invalid file, exits with 2, and uploads no file', async () => {
    const folder = await temporaryFolder();
    const file = async (name: string, content = GOOD) => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    await mkdir(join(folder, 'movies'));
    const good = await file('movies.csv');
    const out = join(folder, 'out');
    const { code, err } = await uploadInProcess([
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
      'movies-nowhere.csv: there is no such file; give the path of a CSV file.',
      'movies: it is a folder; give the paths of the CSV files in it.',
      'series.csv: it is empty; a CSV must have a header and at least one row.',
      expect.stringMatching(
        /^titles\.csv: the file name starts neither with movies nor with series; use --kind Movies or --kind Series/,
      ),
      expect.stringMatching(
        /^movies 2022\.csv: the file name "movies 2022\.csv" is not allowed in a key; use at most 200 letters/,
      ),
      expect.stringMatching(/^filmes-ação\.csv: the file name "filmes-ação\.csv" is not allowed in a key/),
      expect.stringMatching(/^movies\.txt: the file name "movies\.txt" is not allowed in a key; .* the ending \.csv/),
      expect.stringMatching(/^movies\.csv: it has the same key as movies\.csv \(Raw\/Local.*\): rename one/),
      'No file was uploaded.',
      '',
    ]);
    expect(await readdir(folder)).not.toContain('out');
  });

  it('needs the columns that a csv dataset reads by default', () => {
    const { columns = {} } = csvSettings({ kind: 'csv', upload: 'Movies' } as { kind: string }) ?? {};
    expect(Object.values(columns)).toEqual(NEEDED_COLUMNS);
  });

  it('needs other columns when --columns is given', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'movies.csv');
    await writeFile(file, 'tconst|ano|generos\ntt0000001|1894|Documentary\n');
    expect((await uploadInProcess([file, '--out', folder])).err).toMatch(/has no column "id", "anoLancamento"/);
    expect(await uploadInProcess([file, '--out', folder, '--columns', 'tconst,ano,generos'])).toMatchObject({
      code: 0,
      err: '',
    });
  });
});

describe('the command line of npm run upload', () => {
  it.each([
    {
      args: [],
      says: /^No file is given: give the paths .* npm run upload -- movies\.csv series\.csv\. To list the options: .*--help\.\n$/,
    },
    {
      args: ['m.csv', '--day', '2026-02-30'],
      says: /^--day: use YYYY-MM-DD, for example 2026-11-20; got "2026-02-30"\.\n$/,
    },
    { args: ['m.csv', '--kind', 'movies'], says: /^--kind: use Movies or Series; got "movies"\.\n$/ },
    {
      args: ['m.csv', '--delimiter', '||'],
      says: /^--delimiter: use one character, or \\t for a tab; got "\|\|"\.\n$/,
    },
    {
      args: ['m.csv', '--bucket', 'No_Bucket'],
      says: /^--bucket: use a bucket name of 3 to 63 .*"No_Bucket"\.\n$/,
    },
    {
      args: ['m.csv', '--buckt', 'x'],
      says: /^options: Unknown option '--buckt'.*To list the options: npm run upload -- --help\.\n$/,
    },
  ])('prints one clear error and exits with 2: $args', async ({ args, says }) => {
    const { code, err } = await uploadInProcess(args);
    expect(err).toMatch(says);
    expect(code).toBe(2);
  });

  it('prints the usage and exits with 0 for --help', async () => {
    const { code, out, err } = await uploadInProcess(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^npm run upload -- .*\n[\s\S]*in this machine's time zone[\s\S]*Exit codes: 0/);
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

  it('uploads to a bucket with the default AWS credentials', async () => {
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
    expect(Object.keys(await rawZone(storage))).toHaveLength(2);
  });

  it('prints one clear error for a bucket that does not exist', async () => {
    const bucket = await startBucket(await temporaryFolder());
    onTestFinished(() => bucket.close());
    const { code, err } = await uploadToAws([large, '--bucket', 'not-there'], {
      ...KEY,
      AWS_ENDPOINT_URL_S3: bucket.url,
    });
    expect(err).toMatch(/^There is no bucket not-there: correct --bucket, or .*\nNot uploaded: .*movies\.csv\. .*\n$/);
    expect(code).toBe(1);
  });

  it.each([
    {
      status: 403,
      name: 'AccessDenied',
      says: /^The AWS credentials have no access to bucket raw-zone: they need s3:/,
    },
    { status: 400, name: 'ExpiredToken', says: /^The AWS credentials for bucket raw-zone have expired: log in again/ },
    { status: 403, name: 'InvalidAccessKeyId', says: /^AWS rejected the credentials for bucket raw-zone: correct AWS/ },
    { status: 400, name: 'Unheard', says: /: bucket raw-zone answered Unheard \(400\): \(access key\)\n/ },
  ])('prints one clear error without credentials when S3 answers $name', async ({ status, name, says }) => {
    const { url } = await answering(status, name);
    const { code, err } = await uploadToAws([await written('movies.csv', GOOD), '--bucket', 'raw-zone'], {
      ...KEY,
      AWS_ENDPOINT_URL_S3: url,
    });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/AKIA|s3cr3t|\n\s+at /);
    expect(code).toBe(1);
  });

  it('uses the keys of the environment before its profile, like all commands', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'of-the-environment', AWS_SECRET_ACCESS_KEY: 'x', AWS_PROFILE: 'another' };
    const { s3, close } = await openDestination({ out: '', bucket: 'raw-zone', env });
    onTestFinished(close);
    expect(await s3.config.credentials()).toMatchObject({ accessKeyId: 'of-the-environment' });
  });

  it('prints one clear error when it cannot connect', async () => {
    const { server, url } = await serve(() => undefined);
    server.close();
    await once(server, 'close');
    const { code, err } = await uploadToAws([await written('movies.csv', GOOD), '--bucket', 'raw-zone'], {
      ...KEY,
      AWS_ENDPOINT_URL_S3: url,
    });
    expect(err).toMatch(
      /: the connection to bucket raw-zone failed \(ECONNREFUSED\): check the network, and HTTPS_PROXY and AWS_ENDPOINT_URL where they are set; then repeat the command/,
    );
    expect(code).toBe(1);
  });

  it.each([
    { env: { AWS_REGION: 'us-east-1' }, says: /^There are no AWS credentials for bucket raw-zone: log in/ },
    { env: { AWS_DEFAULT_REGION: 'us-east-1' }, says: /^There are no AWS credentials for bucket raw-zone: log in/ },
    {
      env: { ...KEY, AWS_REGION: 'us_east' },
      says: /^There is no AWS region "us_east": set AWS_REGION to the region /,
    },
    { env: { ...KEY, AWS_REGION: '' }, says: /^No AWS region is set for bucket raw-zone: set AWS_REGION\./ },
  ])('prints one clear error when credentials or region are missing', async ({ env, says }) => {
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
