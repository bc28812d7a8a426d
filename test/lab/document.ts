import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../local/deployed.ts';

const FILE = join(ROOT, 'docs/reliability.md');

/** Replaces one section of docs/reliability.md: what stands between its two comments. */
export const save = async (section: string, text: string): Promise<void> => {
  const document = await readFile(FILE, 'utf8');
  const [begin, end] = [`<!-- lab: ${section} -->`, `<!-- end of ${section} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`${FILE} has no section between ${begin} and ${end}; write both comments.`);
  await writeFile(FILE, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
};
