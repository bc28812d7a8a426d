import type { DayRef } from '../names.ts';
import { BadInputError } from '../parse.ts';
import type { BranchManifest } from '../runs/manifest.ts';

/**
 * A day has the data of one TMDB. Movies of another one, such as a simulator, would stand beside them in one manifest,
 * and no reader could tell them apart.
 *
 * @param tmdb Name of the TMDB that the run asks.
 * @throws {BadInputError} Branches of the day are from another TMDB.
 */
export const refuseOtherTmdb = (
  manifests: ReadonlyMap<string, BranchManifest>,
  { dataset, day }: DayRef,
  tmdb: string,
): void => {
  const others = new Set([...manifests.values()].map((manifest) => manifest.tmdb ?? tmdb));
  others.delete(tmdb);
  const [other] = others;
  if (other !== undefined)
    throw new BadInputError(
      `day: ${day} of dataset ${dataset} has data from ${other}, and this run would ask ${tmdb}; a day never has both. Use another day, or another bucket or folder (--out).`,
    );
};
