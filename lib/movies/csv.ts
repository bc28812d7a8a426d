import type { Source, SourceBranch } from './source.ts';

/** IMDb ids that the planner has read from a CSV: the list is the plan. */
export const csv: Source<'csv'> = {
  list: async ({ ids }) => ({
    items: ids.map((id) => ({ id })),
    expected: ids.length,
    listed: ids.length,
    doubled: 0,
    passes: 1,
    warnings: [],
  }),
};

export const csvBranches = async (_source: unknown, _plan: unknown, _services: unknown): Promise<SourceBranch[]> => [];
