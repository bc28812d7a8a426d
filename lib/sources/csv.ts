import { Readable, Transform } from 'node:stream';
import { parse as parseCsv } from 'csv-parse';
import * as z from 'zod';
import type { SourceOf } from '../datasets/dataset.ts';
import { BadInputError } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { places } from '../runs/layout.ts';
import type { PlanFor, Source, SourceBranch } from './source.ts';

/** IMDb ids that the planner has read from a CSV: the list is the plan. */
export const csv: Source<'csv'> = {
  list: async ({ ids }) => ({
    items: ids.map((id) => ({ id })),
    expected: ids.length,
    listed: ids.length,
    doubled: 0,
    passes: 1,
    warnings: [],
  }),
};

/** What was read of an uploaded CSV, for the manifest of the day. */
export interface CsvRead {
  key: string;
  /** The release years that were let through; null for all. */
  years: { from: number; to: number } | null;
  /** Rows below the header. */
  rows: number;
  /** Rows whose columns are not as many as the header's, or that have no id: left aside, since nobody knows what they say. */
  badRows: number;
  /** The first few of them, as lines of the file. */
  badLines: number[];
  /** Distinct ids that the dataset's filters let through. */
  ids: number;
}

export interface CsvServices {
  store: ObjectStore;
  /** A key, instead of the newest upload of the dataset's kind. */
  upload: string | undefined;
  /** Whether the run is for some of the slices. */
  only: boolean;
}

/** A line of the bootcamp's files has some 160 bytes; one of a megabyte is no line of a CSV. */
const LONGEST_LINE_BYTES = 1_000_000;
const BAD_LINES_SHOWN = 20;
/** Share of rows that may be bad before the file is taken for something else than it says. */
const BAD_ROWS_TOLERATED = 0.01;

/**
 * The branches of a CSV dataset: its distinct ids, in the order of their first rows, cut into slices.
 *
 * Slices that an earlier run of the day had and this one doesn't are planned empty, so that their parts are removed.
 *
 * @throws {BadInputError} No upload, or one that is not the CSV that the dataset describes.
 */
export const csvBranches = async (
  source: SourceOf<'csv'>,
  { settings, day, years }: PlanFor,
  { store, upload, only }: CsvServices,
): Promise<{ branches: SourceBranch[]; read: CsvRead }> => {
  const folder = `Raw/Local/CSV/${source.upload}/`;
  const key = upload ?? (await store.newest(folder));
  const given = years ?? source.years;
  const wanted = given && { from: given.from, to: given.to === 'current' ? Number(day.slice(0, 4)) : given.to };
  if (key) await refuseOtherCutting(store, { settings, day, only }, key, wanted ?? null);
  const file = key && (await store.stream(key));
  if (!key || !file) {
    throw new BadInputError(
      `dataset ${settings.name} reads a CSV, and ${upload ? `there is no ${upload}` : `nothing lies below ${folder}`}: npm run upload -- ${source.upload.toLowerCase()}.csv puts one there.`,
    );
  }
  const { ids, ...read } = await readIds(file.body, key, source, wanted);
  const slices = Array.from({ length: Math.ceil(ids.length / source.idsPerBranch) }, (_, at) =>
    slice(settings.name, at + 1, ids.slice(at * source.idsPerBranch, (at + 1) * source.idsPerBranch)),
  );
  const prefix = `${places.branchManifests({ dataset: settings.name, day })}${settings.name}-`;
  const numbers = (await store.list(prefix)).map((manifest) => Number(manifest.slice(prefix.length, -'.json'.length)));
  const vanished = numbers.filter((number) => number > slices.length).map((number) => slice(settings.name, number, []));
  return { branches: [...slices, ...vanished], read: { key, years: wanted ?? null, ...read, ids: ids.length } };
};

/**
 * Slices are cut by counting, so two cuttings of one day don't fit together: other years would take the place of what
 * is there, and single slices of a newer upload would double some ids and lose others.
 */
const refuseOtherCutting = async (
  store: ObjectStore,
  { settings: { name }, day, only }: Pick<PlanFor, 'settings' | 'day'> & { only: boolean },
  key: string,
  years: CsvRead['years'],
): Promise<void> => {
  const manifest = await store.get(places.dayManifest({ dataset: name, day }));
  const before = manifest && daysCsv.safeParse(JSON.parse(manifest.body.toString())).data?.csv;
  if (!before) return;
  if (before.years?.from !== years?.from || before.years?.to !== years?.to) {
    const held = before.years ? `${before.years.from}-${before.years.to}` : 'all years';
    throw new BadInputError(
      `years: ${day} of ${name} holds ${held} already, and others would take their place: give the run a day of its own.`,
    );
  }
  if (only && before.key !== key) {
    throw new BadInputError(
      `only: ${day} of ${name} was cut from ${before.key}, and slices of ${key} don't fit between its others: give "upload" that key, or run all of it.`,
    );
  }
};

const daysCsv = z.object({
  csv: z.object({ key: z.string(), years: z.object({ from: z.int(), to: z.int() }).nullable() }),
});

const slice = (dataset: string, number: number, ids: string[]): SourceBranch => {
  const name = String(number).padStart(4, '0');
  return {
    name: `${dataset}-${name}`,
    listFrom: { kind: 'csv', ids },
    placeholders: { slice: name },
    expected: ids.length,
  };
};

/** The distinct ids of a CSV that match, read as it streams: a file of 173 MB never lies in memory. */
const readIds = async (
  body: AsyncIterable<Uint8Array>,
  key: string,
  source: SourceOf<'csv'>,
  years: CsvRead['years'] | undefined,
) => {
  const wrong = (what: string) => new BadInputError(`${key}: ${what}.`);
  const { columns, delimiter, quote, nullMarker, genres } = source;
  const wantedGenres = genres && new Set(genres.map((genre) => genre.toLowerCase()));
  const ids = new Set<string>();
  let header: string[] | undefined;
  let at = { id: 0, year: 0, genres: 0 };
  let [rows, badRows, width] = [0, 0, 0];
  const badLines: number[] = [];
  let lastWasShort = false;

  const text = wholeLines(wrong);
  const records = parseCsv({
    delimiter,
    quote,
    escape: quote,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_LINE_BYTES,
  });
  const failure = new Promise<never>((_, reject) => {
    text.on('error', reject);
    records.on('error', (error: Error & { code?: string; lines?: number }) =>
      reject(
        error.code === 'CSV_MAX_RECORD_SIZE'
          ? wrong(
              `line ${error.lines} is longer than ${LONGEST_LINE_BYTES} bytes: is this a CSV with a line feed behind each row?`,
            )
          : error.code?.startsWith('CSV_')
            ? wrong(error.message.replace(/\.$/, ''))
            : error,
      ),
    );
  });
  const input = Readable.from(body);
  input.on('error', (error) => records.destroy(error));
  input.pipe(text).pipe(records);

  const read = async () => {
    for await (const row of records as AsyncIterable<string[]>) {
      if (!header) {
        header = row;
        width = row.length;
        at = columnsOf(row, columns, delimiter, wrong);
        continue;
      }
      rows += 1;
      const id = row[at.id] ?? '';
      lastWasShort = row.length < width;
      if (row.length !== width || id === '' || id === nullMarker) {
        badRows += 1;
        if (badLines.length < BAD_LINES_SHOWN) badLines.push(rows + 1);
        continue;
      }
      if (ids.has(id)) continue;
      if (years && !isBetween(row[at.year] ?? '', years.from, years.to)) continue;
      if (
        wantedGenres &&
        !(row[at.genres] ?? '').split(',').some((genre) => wantedGenres.has(genre.trim().toLowerCase()))
      )
        continue;
      ids.add(id);
    }
  };
  try {
    await Promise.race([read(), failure]);
  } finally {
    input.destroy();
  }

  if (!header) throw wrong('the file is empty');
  if (rows === 0) throw wrong('there is a header and no row below it');
  if (lastWasShort && !text.endedWithNewline())
    throw wrong(
      `the last line, ${rows + 1}, is cut off: was the whole file uploaded? It has ${width} columns in its header`,
    );
  if (badRows > rows * BAD_ROWS_TOLERATED) {
    throw wrong(
      `${badRows} of ${rows} rows do not have the header's ${width} columns or have no ${columns.id} (${badLines.length === 1 ? 'line' : 'lines'} ${badLines.join(', ')}${badRows > badLines.length ? ', …' : ''}); with more than ${BAD_ROWS_TOLERATED * 100} % of such rows a file is refused`,
    );
  }
  if (ids.size === 0) throw wrong(`none of its ${rows} rows matches the dataset's years and genres`);
  return { ids: [...ids], rows, badRows, badLines };
};

const isBetween = (year: string, from: number, to: number): boolean => {
  const number = /^\d{4}$/.test(year) ? Number(year) : Number.NaN;
  return number >= from && number <= to;
};

/** Where the columns stand, by the names in the header. */
const columnsOf = (
  header: readonly string[],
  names: SourceOf<'csv'>['columns'],
  delimiter: string,
  wrong: (what: string) => BadInputError,
) => {
  const shown = header.join(delimiter).slice(0, 200);
  const doubled = header.find((name, at) => header.indexOf(name) !== at);
  if (doubled !== undefined) throw wrong(`the header has the column ${JSON.stringify(doubled)} twice`);
  const other =
    header.length === 1 ? [',', ';', '\t', '|'].find((one) => one !== delimiter && shown.includes(one)) : undefined;
  if (other)
    throw wrong(
      `the header has no ${JSON.stringify(delimiter)} in it and looks separated by ${JSON.stringify(other)}: set source.delimiter, or upload the right file; the header is ${JSON.stringify(shown)}`,
    );
  const missing = Object.values(names).find((name) => !header.includes(name));
  if (missing !== undefined)
    throw wrong(
      `there is no column ${JSON.stringify(missing)}: set source.columns; the header is ${JSON.stringify(shown)}`,
    );
  return { id: header.indexOf(names.id), year: header.indexOf(names.year), genres: header.indexOf(names.genres) };
};

/** Bytes to text: UTF-8 or an error, no NUL, no BOM; remembers how the file ended. */
const wholeLines = (wrong: (what: string) => BadInputError) => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let lines = 1;
  let last = '';
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw wrong(`there are bytes that are not UTF-8 at line ${lines} or soon after: save the file as UTF-8`);
    }
  };
  const checked = (text: string): string => {
    const nul = text.indexOf('\0');
    if (nul !== -1)
      throw wrong(`there is a NUL byte in line ${lines + count(text.slice(0, nul))}: this is no text file`);
    lines += count(text);
    last = text.at(-1) ?? last;
    return text;
  };
  const stream = new Transform({
    transform(chunk: Uint8Array, _, done) {
      try {
        done(null, checked(decode(chunk)));
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        done(null, checked(decode()));
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return Object.assign(stream, { endedWithNewline: () => last === '\n' });
};

const count = (text: string): number => {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
};
