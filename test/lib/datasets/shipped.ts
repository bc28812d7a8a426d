import { datasetSchema } from '../../../lib/datasets/dataset.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';

/** The schema of datasets with the kinds of source that are shipped. */
export const shippedSchema = datasetSchema(KINDS);
