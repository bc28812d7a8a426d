import { type AsyncBuffer, parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';

/** The rows of a Parquet file, read by another library than the one that wrote it. Dates are their ISO text. */
export const rowsIn = async (body: Uint8Array): Promise<Record<string, unknown>[]> => {
  const rows = await parquetReadObjects({ file: bufferOf(body) });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Date ? value.toISOString().slice(0, 10) : value,
      ]),
    ),
  );
};

/** The columns and the number of row groups that a file itself declares. */
export const footerOf = (body: Uint8Array) => {
  const metadata = parquetMetadata(copyOf(body));
  return {
    columns: parquetSchema(metadata).children.map(
      ({ element }) => `${element.name} ${element.converted_type ?? element.type}`,
    ),
    groups: metadata.row_groups.length,
  };
};

const copyOf = (body: Uint8Array): ArrayBuffer => new Uint8Array(body).buffer;

const bufferOf = (body: Uint8Array): AsyncBuffer => {
  const all = copyOf(body);
  return { byteLength: all.byteLength, slice: (from, to) => all.slice(from, to) };
};
