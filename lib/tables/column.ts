/** The types of columns, by their SQL names. They are the same in DuckDB, Athena and Spark, except VARCHAR, which the last two call string. */
export type ColumnType = 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'DATE' | 'VARCHAR';

export interface Column {
  name: string;
  type: ColumnType;
}

/** A table as its readers see it. Every file of the table has all columns, in this order, and each may be null. */
export interface Table {
  name: string;
  columns: readonly Column[];
}
