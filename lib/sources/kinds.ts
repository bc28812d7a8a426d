import { csv } from './csv.ts';
import { discover } from './discover.ts';
import { popular } from './popular.ts';
import type { SourceKinds } from './source.ts';

/** Every kind of source that a dataset can name. docs/sources.md says how to add one. */
export const KINDS: SourceKinds = { discover, popular, csv };
