import { isUtf8 } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { BadInputError } from '../../lib/parse.ts';
import { DEFAULT_COLUMNS } from '../../lib/sources/csv-header.ts';

/** A file, as it was when it was looked at. */
export interface Looked {
  path: string;
  bytes: number;
  mtimeMs: number;
  inode: number;
}

/** The columns that a csv dataset reads by default. */
export const NEEDED_COLUMNS: readonly string[] = Object.values(DEFAULT_COLUMNS);

/** Bytes at either end of a file that are looked at: the header and some hundred rows, however large the file is. */
const WINDOW_BYTES = 65_536;

const NEWLINE = 0x0a;

/**
 * Looks whether a file is the CSV that it is said to be, without reading it all.
 *
 * @param shown What the file is called in a sentence.
 * @param needed Columns that its header must have.
 * @throws {BadInputError} One sentence: the file, what was found, what would be right.
 */
export const lookAt = async (
  path: string,
  delimiter: string,
  shown: string,
  needed: readonly string[] = NEEDED_COLUMNS,
): Promise<Looked> => {
  const wrong = (what: string) => new BadInputError(`${shown}: ${what}.`);
  try {
    const kind = await stat(path);
    if (kind.isDirectory()) throw wrong('this is a folder; say the CSV files in it by name');
    if (!kind.isFile()) throw wrong('this is no regular file; copy what comes out of it to one, and upload that');
    await using file = await open(path);
    const { size, mtimeMs, ino } = await file.stat();
    if (size === 0) throw wrong('it is empty; a CSV has a header line and at least one row');
    const start = await read(file, 0, Math.min(size, WINDOW_BYTES));
    const tailAt = Math.max(0, size - WINDOW_BYTES);
    const end = await read(file, tailAt, size - tailAt);

    const notText = whyNotText(start, { whole: start.length === size }) ?? whyNotTextAtTheEnd(end, tailAt);
    if (notText) throw wrong(notText);
    const notTable = whyNotTable(start, { whole: start.length === size, delimiter, needed });
    if (notTable) throw wrong(notTable);
    return { path, bytes: size, mtimeMs, inode: ino };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw wrong('there is no such file; say the path of a CSV file');
    if (code) throw wrong(`it can't be read (${code}); make it readable for you`);
    throw error;
  }
};

/** @returns Whether the file is still the one that was looked at. */
export const isUnchanged = async ({ path, bytes, mtimeMs, inode }: Looked): Promise<boolean> => {
  const now = await stat(path).catch(() => undefined);
  return now?.size === bytes && now.mtimeMs === mtimeMs && now.ino === inode;
};

const read = async (file: FileHandle, at: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
};

const NOT_UTF8 = 'is not UTF-8 (Latin-1, perhaps); save it as UTF-8, or iconv -f latin1 -t utf-8';

const whyNotText = (bytes: Buffer, { whole }: { whole: boolean }): string | undefined => {
  const nul = nulIn(bytes, 0);
  if (nul) return nul;
  if (isUtf8(whole ? bytes : withoutCutEnd(bytes))) return undefined;
  let [line, from] = [1, 0];
  for (let to = bytes.indexOf(NEWLINE); to !== -1 && isUtf8(bytes.subarray(from, to)); line++) {
    from = to + 1;
    to = bytes.indexOf(NEWLINE, from);
  }
  return `line ${line} ${NOT_UTF8}`;
};

const whyNotTextAtTheEnd = (bytes: Buffer, at: number): string | undefined =>
  nulIn(bytes, at) ?? (isUtf8(at === 0 ? bytes : withoutCutStart(bytes)) ? undefined : `its end ${NOT_UTF8}`);

const nulIn = (bytes: Buffer, at: number): string | undefined => {
  const nul = bytes.indexOf(0);
  if (nul === -1) return undefined;
  return `a NUL byte stands at ${at + nul}, so this is binary, or UTF-16; a CSV is UTF-8 text`;
};

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** A window may end within a character, which has 4 bytes at most. */
const withoutCutEnd = (bytes: Buffer): Buffer => {
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead + length > bytes.length ? bytes.subarray(0, lead) : bytes;
};

/** A window may begin within a character. */
const withoutCutStart = (bytes: Buffer): Buffer => {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
};

const whyNotTable = (
  start: Buffer,
  { whole, delimiter, needed }: { whole: boolean; delimiter: string; needed: readonly string[] },
): string | undefined => {
  const end = start.indexOf(NEWLINE);
  if (end === -1 && !whole)
    return `its first line goes on for more than ${WINDOW_BYTES} bytes; the first line is the header`;
  const header = start
    .subarray(0, end === -1 ? start.length : end)
    .toString()
    .replace(/^\uFEFF/, '')
    .replace(/\r$/, '');
  if (header.trim() === '')
    return `its first line is empty; the first line is the header, with the columns ${listed(needed)}`;
  const columns = header.split(delimiter);
  const seems = likelyDelimiter(header, delimiter, needed);
  const hint =
    seems === undefined
      ? ''
      : `; it seems to be separated by ${JSON.stringify(seems)}: say --delimiter ${quoted(seems)} here and the same in the dataset`;
  if (columns.length === 1)
    return `its header has no ${JSON.stringify(delimiter)} between columns${hint || `: ${shortened(header)}`}`;
  const missing = needed.filter((name) => !columns.includes(name));
  if (missing.length)
    return `its header has no column ${listed(missing)}${hint || `; what stands in it is ${shortened(header)}`}`;
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined)
    return `its header has the column ${JSON.stringify(twice)} twice; each column has a name of its own`;
  const below = end === -1 ? '' : start.subarray(end + 1).toString();
  if (below.trim() === '' && whole) return 'it has a header and nothing below it; a CSV has at least one row';
  return undefined;
};

/** The one that would give the columns that are needed; else the one that stands in the header most often. */
const likelyDelimiter = (header: string, said: string, needed: readonly string[]): string | undefined => {
  const others = ['|', ';', ',', '\t'].filter((one) => one !== said && header.includes(one));
  const count = (one: string) => header.split(one).length;
  return (
    others.find((one) => needed.every((name) => header.split(one).includes(name))) ??
    (header.includes(said) ? undefined : others.toSorted((a, b) => count(b) - count(a))[0])
  );
};

const listed = (names: readonly string[]): string =>
  new Intl.ListFormat('en-GB').format(names.map((name) => JSON.stringify(name)));
const quoted = (delimiter: string): string => `'${delimiter === '\t' ? '\\t' : delimiter}'`;
const shortened = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
