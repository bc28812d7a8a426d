import { Metrics } from '@aws-lambda-powertools/metrics';
import { onStderr } from './stderr.ts';

/** Publishes metrics to CloudWatch, in its embedded metric format. */
export type PublishMetrics = (
  figures: Readonly<Record<string, { unit: 'Count' | 'Bytes' | 'Seconds'; value: number }>>,
  dataset: string,
) => void;

export const publishMetrics = (): PublishMetrics => {
  const metrics = onStderr(new Metrics({ namespace: 'tmdb-raw-zone' }));
  return (figures, dataset) => {
    metrics.addDimension('dataset', dataset);
    for (const [name, { unit, value }] of Object.entries(figures)) metrics.addMetric(name, unit, value);
    metrics.publishStoredMetrics();
  };
};
