import { type Verified, verifyDay } from '../lib/runs/verify.ts';
import { exitWith } from './exit-code.ts';
import { INSPECT_USAGE, type InspectOptions, readInspectOptions } from './inspect/options.ts';
import { dayToInspect, openPlace, reading } from './inspect/place.ts';
import { refuseWords } from './inspect/words.ts';
import { quoted } from './quoted.ts';
import { withHelp } from './with-help.ts';

const USAGE = `npm run verify [-- options]          compare the files of a day with its manifests

${INSPECT_USAGE}
Reads every part of the day, compares size, sha256 and records with the manifests, looks for files that no manifest names,
compares the files of the tables, and adds up the figures. While a run writes the day, the day differs from its manifests.
Exit codes: 0 the day is as its manifests say, 1 it differs, 2 wrong usage.
`;

const COMMAND = 'npm run verify';

/** `npm run verify`: prints what in a day differs from its manifests. Returns the exit code. */
const main = withHelp(USAGE, async (argv, env) => {
  const { options, words } = readInspectOptions(COMMAND, {}, argv, env);
  refuseWords(COMMAND, words);
  const verified = await reading(options, async () => {
    const place = openPlace(options, env);
    return verifyDay(place.store, { dataset: options.dataset, day: await dayToInspect(place, options) });
  });
  process.stdout.write(options.json ? `${JSON.stringify(verified, null, 2)}\n` : textOf(verified, options));
  return verified.differences.length ? 1 : 0;
});

const textOf = (verified: Verified, options: InspectOptions): string => {
  const { dataset, day, branches, parts, records, bytes, tables, complete, differences } = verified;
  const what = `${dataset}, ${day}: ${branches} branches, ${parts} parts, ${records} records, ${bytes} bytes${tables ? `, ${tables} files of tables` : ''}`;
  const end = complete ? 'The day is complete.' : 'The day is not complete; its manifest says why.';
  if (differences.length === 0) return `${what}: all as the manifests say. ${end}\n`;
  return [
    ...differences.map(({ says }) => says),
    `${what}: ${differences.length === 1 ? '1 object differs' : `${differences.length} objects differ`} from the manifests. ${end}`,
    ...againCommand(verified, options),
    '',
  ].join('\n');
};

/** The command that writes the branches with differences again. */
const againCommand = ({ dataset, day, upload, differences }: Verified, { out, bucket }: InspectOptions): string[] => {
  const branches = [...new Set(differences.flatMap(({ branch }) => branch ?? []))];
  if (branches.length === 0) return [];
  const where = bucket === undefined ? `--out ${quoted(out)}` : `--bucket ${bucket}`;
  const from = upload === undefined ? '' : ` --upload ${quoted(upload)}`;
  return [
    `To run these branches again: npm start -- ${where} --dataset ${dataset} --day ${day} --only ${branches.join(',')}${from}`,
  ];
};

await exitWith(main);
