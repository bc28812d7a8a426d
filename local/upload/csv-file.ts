import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { BadInputError } from '../../lib/parse.ts';
import { DEFAULT_COLUMNS, readHeader } from '../../lib/sources/csv/header.ts';
import { LINE_END, type Wrong } from '../../lib/sources/csv/text.ts';
import { isGzip, unpacked } from '../../lib/sources/csv/unpacked.ts';

/** A file's path, and its properties at the time of the check. */
export interface CheckedFile {
  path: string;
  bytes: number;
  mtimeMs: number;
  inode: number;
}

/** The columns that a csv dataset reads by default. */
export const NEEDED_COLUMNS: readonly string[] = Object.values(DEFAULT_COLUMNS);

/** Bytes to check at the start and at the end of a file: the header and a few hundred rows. */
const WINDOW_BYTES = 65_536;

/**
 * Checks the start and the end of a file: whether it is UTF-8 text, and a CSV with the needed columns. Of a gzip file,
 * only the start is unpacked and checked.
 *
 * @param shown The file's name in error messages.
 * @param needed Columns that its header must have.
 * @throws {BadInputError} Names the file, what is wrong, what is allowed and what to do.
 */
export const checkCsvFile = async (
  path: string,
  delimiter: string,
  shown: string,
  needed: readonly string[] = NEEDED_COLUMNS,
): Promise<CheckedFile> => {
  const wrong = (what: string) => new BadInputError(`${shown}: ${what}.`);
  try {
    const kind = await stat(path);
    if (kind.isDirectory()) throw wrong('it is a folder; give the paths of the CSV files in it');
    if (!kind.isFile())
      throw wrong('it is not a regular file; copy its content to a regular file, and upload that file');
    await using file = await open(path);
    const { size, mtimeMs, ino } = await file.stat();
    if (size === 0) throw wrong('it is empty; a CSV must have a header and at least one row');
    checkName(shown, await read(file, 0, 2), wrong);
    const { start, whole } = await beginning(unpacked(createReadStream(path), wrong));
    const tailStart = Math.max(0, size - WINDOW_BYTES);
    // Nothing but unpacking it all would show the end of a packed file.
    const end = isPackedName(path) ? undefined : await read(file, tailStart, size - tailStart);

    const problem = encodingProblem(start, { whole }) ?? (end && encodingProblemAtEnd(end, tailStart));
    if (problem) throw wrong(problem);
    checkTable(start, { whole, delimiter, needed }, wrong);
    return { path, bytes: size, mtimeMs, inode: ino };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw wrong('there is no such file; give the path of a CSV file');
    if (code) throw wrong(`it is not readable (${code}); change its permissions`);
    throw error;
  }
};

/** @returns Whether the file is unchanged since the check. */
export const isUnchanged = async ({ path, bytes, mtimeMs, inode }: CheckedFile): Promise<boolean> => {
  const now = await stat(path).catch(() => undefined);
  return now?.size === bytes && now.mtimeMs === mtimeMs && now.ino === inode;
};

const read = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
};

/** Whether a file is packed with gzip, by its name. */
export const isPackedName = (name: string): boolean => /\.gz$/i.test(name);

const checkName = (shown: string, start: Uint8Array, wrong: Wrong): void => {
  if (isGzip(start) === isPackedName(shown)) return;
  throw wrong(
    isGzip(start)
      ? 'it is a gzip file; its name must end in .csv.gz, so rename it'
      : 'it is not a gzip file, and its name ends in .gz; rename it, or pack it with gzip',
  );
};

/** The first bytes of a file. */
const beginning = async (chunks: AsyncIterable<Uint8Array>): Promise<{ start: Buffer; whole: boolean }> => {
  const start: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    start.push(chunk);
    bytes += chunk.length;
    if (bytes > WINDOW_BYTES) return { start: Buffer.concat(start).subarray(0, WINDOW_BYTES), whole: false };
  }
  return { start: Buffer.concat(start), whole: true };
};

const NOT_UTF8 = 'is not UTF-8 (maybe Latin-1); save the file as UTF-8, or convert it with iconv -f latin1 -t utf-8';

const encodingProblem = (bytes: Buffer, { whole }: { whole: boolean }): string | undefined => {
  const nul = nulIn(bytes, 0);
  if (nul) return nul;
  if (isUtf8(whole ? bytes : withoutCutEnd(bytes))) return undefined;
  // As Latin-1, every byte is one character.
  const lines = bytes.toString('latin1').split(LINE_END);
  return `line ${lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1'))) + 1} ${NOT_UTF8}`;
};

const encodingProblemAtEnd = (bytes: Buffer, position: number): string | undefined =>
  nulIn(bytes, position) ??
  (isUtf8(position === 0 ? bytes : withoutCutStart(bytes)) ? undefined : `its end ${NOT_UTF8}`);

const nulIn = (bytes: Buffer, position: number): string | undefined => {
  const nul = bytes.indexOf(0);
  if (nul === -1) return undefined;
  return `byte ${position + nul} is NUL, so the file is binary or UTF-16; save it as UTF-8 text`;
};

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Removes an incomplete character at the end. A character has at most 4 bytes. */
const withoutCutEnd = (bytes: Buffer): Buffer => {
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead + length > bytes.length ? bytes.subarray(0, lead) : bytes;
};

/** Removes an incomplete character at the start. */
const withoutCutStart = (bytes: Buffer): Buffer => {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
};

/** Checks the header and that a row follows. */
const checkTable = (
  start: Buffer,
  { whole, delimiter, needed }: { whole: boolean; delimiter: string; needed: readonly string[] },
  wrong: Wrong,
): void => {
  const [header = '', ...below] = new TextDecoder().decode(start).split(LINE_END);
  if (below.length === 0 && !whole)
    throw wrong(`its first line has more than ${WINDOW_BYTES} bytes; the first line must be the header`);
  readHeader(header, needed, { delimiter, quote: null }, wrong, {
    delimiter: (likely) =>
      `use --delimiter '${likely === '\t' ? '\\t' : likely}', and set the same delimiter in the dataset`,
    columns: 'use --columns with the names in the file, and set the same names in the dataset',
  });
  if (whole && below.every((line) => line.trim() === ''))
    throw wrong('it has a header but no rows; a CSV must have at least one row');
};
