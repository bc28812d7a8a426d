/*
 * Takes the place of lib/tables/branch-tables.ts in the bundles if no dataset has tables (resources/tables.js). The writer
 * then has neither the code of the tables nor the Parquet library.
 */
export const openTables = undefined;
