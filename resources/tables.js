import { join } from 'node:path';
import { hasTables } from '../lib/datasets/dataset.ts';
import { datasetNames, loadDataset } from '../lib/datasets/load.ts';
import { layout } from '../lib/runs/layout.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import { openSource } from '../lib/sources/source.ts';
import { tablesOf } from '../lib/tables/schema.ts';

const allDatasets = async () => {
  const folder = join(import.meta.dirname, '../datasets');
  return Promise.all((await datasetNames(folder)).map((name) => loadDataset(folder, name, KINDS)));
};

/**
 * Modules that are replaced in the bundles. form-data: see resources/no-form-data.js. #tables is the module of the tables
 * (package.json): a function can't load code at run time that its package doesn't have, so whether the writer has it is
 * decided here, when it is packaged with its datasets.
 */
export const alias = async () => aliasFor(await allDatasets());

export const aliasFor = (datasets) => ({
  'form-data': './resources/no-form-data.js',
  ...(!datasets.some(hasTables) && { '#tables': './resources/no-tables.js' }),
});

/**
 * The tables of all datasets for Athena: a Glue database for each dataset. Athena computes the partitions (partition
 * projection), so there is no crawler, and a new day can be queried as soon as it is written.
 */
export const tables = async ({ resolveVariable }) => {
  const prefix = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  return { Resources: resourcesFor(await allDatasets(), prefix, await resolveVariable('param:bucket')) };
};

export const resourcesFor = (datasets, prefix, bucket) =>
  Object.fromEntries(
    datasets.filter(hasTables).flatMap((dataset) => {
      const database = logicalId('Database', dataset.name);
      return [
        [
          database,
          {
            Type: 'AWS::Glue::Database',
            Properties: {
              CatalogId: { Ref: 'AWS::AccountId' },
              DatabaseInput: { Name: underscored(`${prefix}-${dataset.name}`), Description: dataset.description },
            },
          },
        ],
        ...tablesOf(dataset, openSource(KINDS, dataset).media).map((table) => [
          logicalId(`Table${logicalId('', table.name)}Of`, dataset.name),
          tableResource(table, { database, folder: `s3://${bucket}/${layout.table(dataset.name, table.name)}` }),
        ]),
      ];
    }),
  );

/** Only letters and digits are allowed in the id of a resource. */
const logicalId = (type, name) => `${type}${name.replaceAll('-', 'Dash').replaceAll('_', 'Underscore')}`;

/** A database whose name has a hyphen would have to be quoted in every query. */
const underscored = (name) => name.replaceAll('-', '_');

/** Days that Athena looks for if a query names none. Data expires earlier; a later day can only be today's in the east. */
const RANGE = 'NOW-200DAYS,NOW+1DAYS';

const HIVE_TYPES = { BIGINT: 'bigint', DOUBLE: 'double', BOOLEAN: 'boolean', DATE: 'date', VARCHAR: 'string' };

const PARQUET = 'org.apache.hadoop.hive.ql.io.parquet';

const tableResource = ({ name, columns }, { database, folder }) => ({
  Type: 'AWS::Glue::Table',
  Properties: {
    CatalogId: { Ref: 'AWS::AccountId' },
    DatabaseName: { Ref: database },
    TableInput: {
      Name: name,
      TableType: 'EXTERNAL_TABLE',
      Parameters: {
        classification: 'parquet',
        'projection.enabled': 'true',
        'projection.dt.type': 'date',
        'projection.dt.format': 'yyyy-MM-dd',
        'projection.dt.range': RANGE,
        // Athena has a default only where the range has dates; this one has only NOW. Source:
        // https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html (read 2026-11-26).
        'projection.dt.interval': '1',
        'projection.dt.interval.unit': 'DAYS',
        // In two pieces: the Serverless Framework would replace a placeholder.
        'storage.location.template': { 'Fn::Join': ['', [`${folder}dt=$`, '{dt}/']] },
      },
      // As in DuckDB and Spark. AWS's examples of this projection have strings. Trino, Athena's engine, supports both:
      // plugin/trino-hive/…/projection/DateProjection.java in https://github.com/trinodb/trino (read 2026-11-26).
      PartitionKeys: [{ Name: 'dt', Type: 'date' }],
      StorageDescriptor: {
        Location: folder,
        Columns: columns.map((column) => ({ Name: column.name, Type: HIVE_TYPES[column.type] })),
        InputFormat: `${PARQUET}.MapredParquetInputFormat`,
        OutputFormat: `${PARQUET}.MapredParquetOutputFormat`,
        SerdeInfo: { SerializationLibrary: `${PARQUET}.serde.ParquetHiveSerDe` },
      },
    },
  },
});
