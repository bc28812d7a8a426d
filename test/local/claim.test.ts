import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, type TestContext } from 'vitest';
import { claim, FolderInUseError, isClaimed } from '../../local/claim.ts';
import { ROOT } from '../../local/deployed.ts';
import { temporaryFolder } from './running.ts';

/** Claims each folder that it reads, and answers with what happened. Holds all claims until it ends. */
const CLAIMER = `
  import { createInterface } from 'node:readline';
  import { claim } from '${join(ROOT, 'local/claim.ts')}';
  for await (const folder of createInterface({ input: process.stdin }))
    await claim(folder).then(() => console.log('owner'), (error) => console.log(error.name));
`;

/** Another process that claims folders. */
const claimer = ({ onTestFinished }: TestContext) => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CLAIMER], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    child,
    claim: async (folder: string): Promise<string> => {
      child.stdin.write(`${folder}\n`);
      return String((await answers.next()).value);
    },
  };
};

describe('the claim of a folder', () => {
  it.concurrent('is got by exactly one of four processes that start at once, in each of 50 rounds', async (context) => {
    const out = await temporaryFolder();
    const starters = [claimer(context), claimer(context), claimer(context), claimer(context)];
    await Promise.all(starters.map((starter, index) => starter.claim(join(out, `warm-up-${index}`))));
    const owners: number[] = [];
    for (let round = 0; round < 50; round++) {
      const folder = join(out, `round-${round}`);
      const answers = await Promise.all(starters.map((starter) => starter.claim(folder)));
      owners.push(answers.filter((answer) => answer === 'owner').length);
      expect(answers.filter((answer) => answer === 'FolderInUseError')).toHaveLength(3);
    }
    expect(owners).toEqual(Array.from({ length: 50 }, () => 1));
  });

  it.concurrent('goes to exactly one of three processes when its owner is killed, in each of 10 rounds', async (context) => {
    const folder = await temporaryFolder();
    let owner = claimer(context);
    expect(await owner.claim(folder)).toBe('owner');
    let others = [claimer(context), claimer(context), claimer(context)];
    for (let round = 0; round < 10; round++) {
      expect(await Promise.all(others.map((one) => one.claim(folder)))).toEqual(Array(3).fill('FolderInUseError'));
      const gone = new Promise((resolve) => owner.child.once('exit', resolve));
      owner.child.kill('SIGKILL');
      await gone;
      const answers = await Promise.all(others.map((one) => one.claim(folder)));
      expect(answers.toSorted()).toEqual(['FolderInUseError', 'FolderInUseError', 'owner']);
      owner = others[answers.indexOf('owner')] ?? owner;
      others = [...others.filter((one) => one !== owner), claimer(context)];
    }
  });

  it('ignores the process id that an earlier process left, also if another process has it now', async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'in-use-by.pid'), '1');
    await (await claim(out))();
    await (await claim(out))();
  });

  it('is refused to the process that has it, until it is released', async () => {
    const out = await temporaryFolder();
    const release = await claim(out);
    await expect(claim(out)).rejects.toThrow(
      new FolderInUseError(
        `Folder ${out} is in use by this process: wait until it ends, or use another folder with --out.`,
      ),
    );
    await release();
    await (await claim(out))();
  });

  it('can be asked for, by its own process and by another one', async (context) => {
    const out = await temporaryFolder();
    expect(isClaimed(out)).toBe(false);
    const release = await claim(out);
    expect(isClaimed(out)).toBe(true);
    // The question has not ended the lock of this process.
    expect(await claimer(context).claim(out)).toBe('FolderInUseError');
    await release();
    expect(isClaimed(out)).toBe(false);

    const other = claimer(context);
    expect(await other.claim(out)).toBe('owner');
    expect(isClaimed(out)).toBe(true);
    const gone = new Promise((resolve) => other.child.once('exit', resolve));
    other.child.kill('SIGKILL');
    await gone;
    expect(isClaimed(out)).toBe(false);
    await (await claim(out))();
  });

  it('needs a folder that can be written, and otherwise fails with the code and the path', async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'file'), '');
    await expect(claim(join(out, 'file'))).rejects.toMatchObject({ name: 'FolderError', code: 'ENOTDIR' });
    await expect(claim(join(out, 'file', 'below'))).rejects.toMatchObject({
      name: 'FolderError',
      code: 'ENOTDIR',
      path: join(out, 'file', 'below'),
    });
    await expect(claim('/proc/nothing')).rejects.toMatchObject({ name: 'FolderError', code: 'ENOENT' });
  });
});
