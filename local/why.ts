import { BadInputError } from '../lib/parse.ts';
import { explainDay } from '../lib/stages/why.ts';
import { exitWith } from './exit-code.ts';
import { uploadRows } from './inspect/csv-rows.ts';
import { INSPECT_USAGE, readInspectOptions } from './inspect/options.ts';
import { dayToInspect, openPlace, reading } from './inspect/place.ts';
import { listedId, whyText } from './inspect/why-text.ts';
import { withHelp } from './with-help.ts';

const USAGE = `npm run why -- ID [options]          what became of one movie in a day: a TMDB id, or an IMDb id (tt...)

${INSPECT_USAGE}
Says which lists had it and on which page, when it was requested, what the rules decided, and where its record is, or why
there is none. For a CSV dataset also the rows of the upload, and what TMDB's find answered. When the answers have expired
(answerDays in serverless.yml), there are no pages and times any more; an IMDb id that TMDB listed is then known only if a record has it.
Exit codes: 0 the day has it, 1 the day does not have it, 2 wrong usage.
`;

const COMMAND = 'npm run why';

/** `npm run why`: prints the way of one id through a day. Returns the exit code. */
const main = withHelp(USAGE, async (argv, env) => {
  const { options, words } = readInspectOptions(COMMAND, {}, argv, env);
  const [id, ...more] = words;
  if (id === undefined || more.length > 0)
    throw new BadInputError(
      `Give one id${id === undefined ? '' : ` (got ${words.join(' ')})`}: a TMDB id such as 136797, or an IMDb id such as tt2369135: ${COMMAND} -- tt2369135`,
    );
  const { explained, upload, listed, day } = await reading(options, async () => {
    const place = openPlace(options, env);
    const ref = { dataset: options.dataset, day: await dayToInspect(place, options) };
    const explained = await explainDay(place.store, ref, new Set([id]));
    const listed = listedId(id, explained);
    return { day: ref.day, explained, listed, upload: await uploadRows(place.store, ref, new Set([listed])) };
  });
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ id, dataset: options.dataset, day, ...explained, ...(upload && { upload: { ...upload, rows: upload.rows?.get(listed) ?? null } }) }, null, 2)}\n`
      : `${options.dataset}, ${day}\n${whyText(id, explained, upload)}`,
  );
  return explained.explanations.length ? 0 : 1;
});

await exitWith(main);
