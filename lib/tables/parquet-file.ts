import { createHash } from 'node:crypto';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Place, ScratchFile } from '../raw-zone/scratch-file.ts';
import type { ColumnType, Table } from './column.ts';
import type { Value } from './values.ts';

export interface ParquetFile {
  body: Buffer;
  rows: number;
  sha256: string;
  /** Sum of the column `share`, where the table has one. */
  shares?: number;
}

/** The files of one table, which are written row by row. */
export interface ParquetFiles {
  /** One value for each column of the table. */
  add(row: readonly Value[]): Promise<void>;
  /** At least one file, each in memory only while it is used. The same rows give the same bytes. Nothing can be added after this. */
  finish(): AsyncGenerator<ParquetFile>;
}

/**
 * Size of a row group: 2 MB, where a number counts for 16 bytes. So much of each table is in memory, two or three times
 * while it is encoded; finished groups are in the scratch file.
 */
const GROUP_BYTES = 2_000_000;
const VALUE_BYTES = 16;

/** A file ends with the row group that reaches this size, so it is below 10 MB, as a part is. */
const FILE_BYTES = 7_000_000;

/** `PAR1`, with which a file begins. */
const HEADER_BYTES = 4;

const ELEMENTS = {
  BIGINT: { type: 'INT64' },
  DOUBLE: { type: 'DOUBLE' },
  BOOLEAN: { type: 'BOOLEAN' },
  DATE: { type: 'INT32', converted_type: 'DATE' },
  VARCHAR: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
} as const satisfies Record<ColumnType, object>;

/** Starts the files of a table. Their bytes are in the scratch file. */
export const parquetFiles = (table: Table, scratch: ScratchFile): ParquetFiles => {
  const { columns } = table;
  const shareAt = columns.findIndex(({ name }) => name === 'share');
  const closed: Closed[] = [];
  let open = openFile(table, scratch);
  let rows = 0;
  let shares = 0;
  let group: Value[][] = columns.map(() => []);
  let groupBytes = 0;

  const flush = async () => {
    if (groupBytes === 0) return;
    await open.write(group);
    group = columns.map(() => []);
    groupBytes = 0;
  };
  const close = async () => {
    // Thirds and sixths do not add up exactly; a millionth is far below one row.
    closed.push({ content: await open.close(), rows, shares: Math.round(shares * 1e6) / 1e6 });
    rows = 0;
    shares = 0;
  };

  return {
    add: async (row) => {
      for (const [at, value] of row.entries()) {
        group[at]?.push(value);
        groupBytes += VALUE_BYTES + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
      }
      rows += 1;
      shares += shareAt === -1 ? 0 : Number(row[shareAt]);
      if (groupBytes < GROUP_BYTES) return;
      await flush();
      if (open.bytes() < FILE_BYTES) return;
      await close();
      open = openFile(table, scratch);
    },
    finish: async function* () {
      await flush();
      if (rows > 0 || closed.length === 0) await close();
      for (const file of closed) {
        const body = Buffer.isBuffer(file.content) ? file.content : await bytesAt(file.content, scratch);
        const sha256 = createHash('sha256').update(body).digest('hex');
        yield { body, rows: file.rows, sha256, ...(shareAt !== -1 && { shares: file.shares }) };
      }
    },
  };
};

interface Closed {
  /** Where its bytes are; a file of one row group is itself in memory. */
  content: Place[] | Buffer;
  rows: number;
  shares: number;
}

const openFile = ({ columns }: Table, scratch: ScratchFile) => {
  const bytes = new ByteWriter();
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'root', num_children: columns.length },
      // Every column may be null: TMDB can leave out any field.
      ...columns.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL' as const, ...ELEMENTS[type] })),
    ],
  });
  const places: Place[] = [];
  /** Moves what the writer has encoded to the scratch file. Its offsets count on. */
  const drain = async () => {
    places.push(await scratch.add(bytes.getBytes()));
    bytes.index = 0;
  };
  return {
    bytes: () => bytes.offset,
    write: async (group: readonly Value[][]) => {
      // Only before another group: most files have one, and need no access to the disk.
      if (bytes.index > HEADER_BYTES) await drain();
      parquet.write({
        columnData: columns.map(({ name }, at) => ({ name, data: group[at] ?? [] })),
        rowGroupSize: group[0]?.length ?? 0,
      });
    },
    close: async () => {
      parquet.finish();
      if (places.length === 0) return Buffer.from(bytes.getBytes());
      await drain();
      return places;
    },
  };
};

const bytesAt = async (places: readonly Place[], scratch: ScratchFile): Promise<Buffer> => {
  const body = Buffer.allocUnsafe(places.reduce((sum, place) => sum + place.bytes, 0));
  let at = 0;
  for (const read of await scratch.read(places)) at += read.copy(body, at);
  return body;
};
