import { createHash } from 'node:crypto';

/*
 * A manifest ends with the sha256 of its other fields. So a reader can tell whether it is as it was written: most of its
 * fields, such as times and warnings, are in no sum.
 */

/** The text of a manifest, with `sha256` as its last field: the hash of its text without this field. */
export const sealed = (manifest: object): string => JSON.stringify({ ...manifest, sha256: hashOf(manifest) }, null, 2);

const hashOf = (manifest: object): string =>
  createHash('sha256')
    .update(JSON.stringify(manifest, null, 2))
    .digest('hex');

/**
 * Compares a manifest with its hash.
 *
 * @param text The manifest as it is stored.
 * @param manifest The same, parsed.
 * @returns What is wrong; undefined for a manifest that is as it was written, or of an earlier version, without a hash.
 */
export const sealProblem = (text: string, manifest: object): { expected: string; found: string } | undefined => {
  if (!('sha256' in manifest)) return undefined;
  const { sha256, ...rest } = manifest;
  if (text === sealed(rest)) return undefined;
  return { expected: `the content whose sha256 is ${sha256}`, found: `the sha256 ${hashOf(rest)}, so it was changed` };
};
