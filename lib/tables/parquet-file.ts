import { createHash } from 'node:crypto';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Place, ScratchFile } from '../raw-zone/scratch-file.ts';
import type { ColumnType, Table } from './column.ts';
import type { Value } from './values.ts';

/** One Parquet file that is written row by row. */
export interface ParquetFile {
  /** One value for each column of the table. */
  add(row: readonly Value[]): Promise<void>;
  /** The file. The same rows give the same bytes. Nothing can be added after this. */
  finish(): Promise<{ body: Buffer; rows: number; sha256: string }>;
}

/**
 * Size of a row group: 2 MB, where a number counts for 16 bytes. So much of each table is in memory, two or three times
 * while it is encoded; finished groups are in the scratch file.
 */
const GROUP_BYTES = 2_000_000;
const VALUE_BYTES = 16;

const ELEMENTS = {
  BIGINT: { type: 'INT64' },
  DOUBLE: { type: 'DOUBLE' },
  BOOLEAN: { type: 'BOOLEAN' },
  DATE: { type: 'INT32', converted_type: 'DATE' },
  VARCHAR: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
} as const satisfies Record<ColumnType, object>;

/** Starts a file. Its row groups are in the scratch file until it is finished. */
export const parquetFile = ({ columns }: Table, scratch: ScratchFile): ParquetFile => {
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
  let rows = 0;
  let group: Value[][] = columns.map(() => []);
  let groupBytes = 0;

  /** Moves what the writer has encoded to the scratch file. Its offsets count on. */
  const drain = async () => {
    places.push(await scratch.add(bytes.getBytes()));
    bytes.index = 0;
  };
  const flush = async () => {
    const groupRows = group[0]?.length ?? 0;
    if (groupRows === 0) return;
    parquet.write({
      columnData: columns.map(({ name }, at) => ({ name, data: group[at] ?? [] })),
      rowGroupSize: groupRows,
    });
    group = columns.map(() => []);
    groupBytes = 0;
    await drain();
  };

  return {
    add: async (row) => {
      for (const [at, value] of row.entries()) {
        group[at]?.push(value);
        groupBytes += VALUE_BYTES + (typeof value === 'string' ? value.length : 0);
      }
      rows += 1;
      if (groupBytes >= GROUP_BYTES) await flush();
    },
    finish: async () => {
      await flush();
      parquet.finish();
      await drain();
      const body = Buffer.allocUnsafe(places.reduce((sum, place) => sum + place.bytes, 0));
      let at = 0;
      // One after the other: together, they would be in memory twice.
      for (const place of places) {
        const [read] = await scratch.read([place]);
        at += read?.copy(body, at) ?? 0;
      }
      return { body, rows, sha256: createHash('sha256').update(body).digest('hex') };
    },
  };
};
