import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { datasetNames, loadDataset } from '../../lib/datasets/load.ts';
import { KINDS } from '../../lib/sources/kinds.ts';
// @ts-expect-error A plugin file of serverless.yml, in JavaScript.
import { aliasFor, resourcesFor } from '../../resources/tables.js';

const FOLDER = 'datasets';
const datasets = await Promise.all((await datasetNames(FOLDER)).map((name) => loadDataset(FOLDER, name, KINDS)));
const without = datasets.map((dataset) => ({ ...dataset, output: { ...dataset.output, tables: false } }));

describe('the tables in Athena', () => {
  interface Resource {
    Type: string;
    Properties: {
      DatabaseInput?: { Name: string };
      TableInput?: { StorageDescriptor: { Columns: object[] } };
    };
  }
  type Resources = Record<string, Resource>;
  const resources: Resources = resourcesFor(datasets, 'tmdb-raw-zone-dev', 'my-bucket');
  const ofType = (type: string) => Object.values(resources).filter(({ Type }) => Type === `AWS::Glue::${type}`);

  it('are in a database for each dataset', () => {
    expect(ofType('Database').map(({ Properties }) => Properties.DatabaseInput?.Name)).toEqual(
      datasets.map(({ name }) => `tmdb_raw_zone_dev_${name.replaceAll('-', '_')}`),
    );
    expect(Object.keys(resources).filter((id) => !/^[A-Za-z0-9]+$/.test(id))).toEqual([]);
  });

  it('have the columns of the files, and find the days by themselves', () => {
    const input = resources.TablemoviesOfcrimeDashwar?.Properties.TableInput;
    expect(input).toMatchObject({
      Name: 'movies',
      PartitionKeys: [{ Name: 'dt', Type: 'date' }],
      Parameters: {
        'projection.enabled': 'true',
        'projection.dt.type': 'date',
        'projection.dt.format': 'yyyy-MM-dd',
        'projection.dt.range': 'NOW-200DAYS,NOW+1DAYS',
        // Required where the range has no dates of a single day.
        'projection.dt.interval': '1',
        'projection.dt.interval.unit': 'DAYS',
        'storage.location.template': {
          'Fn::Join': ['', ['s3://my-bucket/Trusted/TMDB/PARQUET/crime-war/movies/dt=$', '{dt}/']],
        },
      },
    });
    expect(input?.StorageDescriptor.Columns).toContainEqual({ Name: 'budget', Type: 'bigint' });
    expect(input?.StorageDescriptor.Columns).toContainEqual({ Name: 'release_date', Type: 'date' });
    expect(ofType('Table').length).toBeGreaterThan(20);
  });

  it('are not there if no dataset has tables', () => {
    expect(resourcesFor(without, 'tmdb-raw-zone-dev', 'my-bucket')).toEqual({});
  });
});

describe('the bundle of the writer', () => {
  const inputs = async (alias: Record<string, string>) => {
    const { metafile } = await build({
      entryPoints: ['functions/writer.ts'],
      bundle: true,
      platform: 'node',
      mainFields: ['module', 'main'],
      format: 'cjs',
      write: false,
      metafile: true,
      logLevel: 'silent',
      alias,
    });
    return Object.keys(metafile.inputs).filter((path) => /hyparquet|^lib\/tables\//.test(path));
  };

  it('has the code of the tables if a dataset has tables', async () => {
    expect(await inputs(aliasFor(datasets))).toEqual(
      expect.arrayContaining(['lib/tables/branch-tables.ts', 'node_modules/hyparquet-writer/src/parquet-writer.js']),
    );
  });

  it('has none of it if no dataset has', async () => {
    expect(await inputs(aliasFor(without))).toEqual([]);
  });
});
