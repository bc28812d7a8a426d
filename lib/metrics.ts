import { Metrics } from '@aws-lambda-powertools/metrics';
import { onStderr } from './stderr.ts';

/** Publishes metrics to CloudWatch, in its embedded metric format: a line of the log. */
export type PublishMetrics = (
  figures: Readonly<Record<string, { unit: 'Count' | 'Bytes' | 'Seconds'; value: number }>>,
  /** The dataset is a dimension of the metrics. The other names are only in the line, for queries of the log. */
  names: { dataset: string; day?: string; run?: string; branch?: string },
) => void;

export const publishMetrics = (): PublishMetrics => {
  const metrics = onStderr(new Metrics({ namespace: 'tmdb-raw-zone' }));
  return (figures, { dataset, ...names }) => {
    metrics.addDimension('dataset', dataset);
    for (const [name, value] of Object.entries(names)) metrics.addMetadata(name, value);
    for (const [name, { unit, value }] of Object.entries(figures)) metrics.addMetric(name, unit, value);
    metrics.publishStoredMetrics();
  };
};
