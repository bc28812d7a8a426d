import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { startProgram } from './command-line.ts';
import { temporaryFolder } from './running.ts';

/** Node 20 isn't on every machine. This Node says that it is one, in the folder `cwd`. */
const onNode20 = (cwd: string) =>
  `data:text/javascript,${encodeURIComponent(
    `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } }); process.chdir(${JSON.stringify(cwd)});`,
  )}`;
const startedOnNode20 = (cwd: string) =>
  startProgram('--import', [onNode20(cwd), join(ROOT, 'local/start.js'), 'local/main.ts']).ended;

describe('without Node 24', () => {
  it('one sentence says how to finish an installation without scripts, and the exit code is 1', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'node_modules/node'), { recursive: true });
    await writeFile(join(folder, 'node_modules/node/package.json'), '{}');
    expect(await startedOnNode20(folder)).toMatchObject({
      code: 1,
      out: '',
      err: 'This is Node 20.20.2, and the project needs Node 24, which its package "node" brings. The package is there, but its installation was skipped (--ignore-scripts). To finish it: npm rebuild node --ignore-scripts=false\n',
    });
  });

  it('one sentence says how to use Node 24 where it is installed', async () => {
    expect(await startedOnNode20(ROOT)).toMatchObject({
      code: 1,
      err: 'This is Node 20.20.2, and the project needs Node 24, which its package "node" brings. npm uses it for the scripts of package.json: use npm start, or npx node instead of node\n',
    });
  });

  it('one sentence says how to install the packages where there are none', async () => {
    expect(await startedOnNode20(await temporaryFolder())).toMatchObject({
      code: 1,
      err: 'This is Node 20.20.2, and the project needs Node 24, which its package "node" brings. To install it: npm ci\n',
    });
  });

  it('every script that runs a .ts file starts with the check', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const commands = Object.values<string>(scripts).flatMap((script) => script.split(' && '));
    expect(commands.filter((command) => /\.ts\b/.test(command) && !/^node local\/start\.js /.test(command))).toEqual(
      [],
    );
  });
});

it.each(['local/main.ts', 'local/upload.ts', 'local/stand-ins.ts'])(
  '%s prints its help and its version',
  async (program) => {
    const [help, short, version] = await Promise.all(
      ['--help', '-h', '--version'].map((option) => startProgram('local/start.js', [program, option]).ended),
    );
    expect(help).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^npm (start|run) .*\n\n {2}--/) });
    expect(short).toEqual(help);
    expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^tmdb-raw-zone \d+\.\d+\.\d+\n$/) });
  },
);
