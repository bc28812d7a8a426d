import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BadInputError } from '../lib/parse.ts';
import { gatherFacts } from '../lib/report/facts.ts';
import { exitWith } from './exit-code.ts';
import { INSPECT_USAGE, readInspectOptions } from './inspect/options.ts';
import { dayToInspect, openPlace, reading } from './inspect/place.ts';
import { reportFileIn, writeReport } from './report-file.ts';
import { resumeCommand } from './resume-command.ts';
import { withHelp } from './with-help.ts';

const USAGE = `npm run report [-- options]          make the report of a day, as one HTML file

  --to FILE           the file to write (DIR/report.html, where DIR is --out)
${INSPECT_USAGE}
With --json, it prints what the report shows, and writes no file.
Exit codes: 0 the report is written, 1 the bucket can't be read, 2 wrong usage.
`;

const COMMAND = 'npm run report';

/** `npm run report`: writes the report of a day. Returns the exit code. */
const main = withHelp(USAGE, async (argv, env) => {
  const { options, values, words } = readInspectOptions(COMMAND, { to: { type: 'string' } }, argv, env);
  if (words.length > 0) throw new BadInputError(`${words[0]}: leave it out; ${COMMAND} has only options.`);
  if (values.to === '') throw new BadInputError('--to: use the path of a file; got "".');
  if (values.to !== undefined && options.json)
    throw new BadInputError('--to and --json: leave one of them out; --json prints and writes no file.');
  const file = values.to ?? reportFileIn(options.out);
  const where = options.bucket === undefined ? ['--out', options.out] : ['--bucket', options.bucket];
  const about = { resume: (run: string) => resumeCommand(run, where) };
  return reading(options, async () => {
    const place = openPlace(options, env);
    const ref = { dataset: options.dataset, day: await dayToInspect(place, options) };
    const noManifest = () =>
      new BadInputError(
        `--day: ${place.shown} has no manifest of ${ref.dataset} on ${ref.day} yet: the run has not ended; use another day.`,
      );
    if (options.json) {
      const facts = await gatherFacts(place.store, ref, about);
      if (!facts) throw noManifest();
      // The movies are in the files; all of them together would be the data of the day.
      process.stdout.write(`${JSON.stringify({ ...facts, movies: facts.movies?.length }, null, 2)}\n`);
      return 0;
    }
    await mkdir(dirname(resolve(file)), { recursive: true });
    if (!(await writeReport(place.store, ref, resolve(file), about))) throw noManifest();
    process.stdout.write(`${ref.dataset}, ${ref.day}: ${file}\n`);
    return 0;
  });
});

await exitWith(main);
