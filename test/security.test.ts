import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startBucket } from '../local/bucket.ts';
import { catalogueOf } from '../local/simulator/catalogue.ts';
import { startSimulator } from '../local/simulator/simulator.ts';
import { serveDescribeExecution } from '../local/step-functions/describe-execution.ts';
import { temporaryFolder } from './local/running.ts';
import { keptCredits } from './local/simulator/asking.ts';

interface Package {
  license?: string;
  integrity?: string;
  resolved?: string;
  dev?: boolean;
  hasInstallScript?: boolean;
}

const lock: { packages: Record<string, Package> } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('dependencies', () => {
  const PERMISSIVE = ['MIT', 'MIT-0', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'ISC'];
  /** Licences of tools that are only run here, never deployed or changed. */
  const OF_TOOLS = ['MPL-2.0', 'BlueOak-1.0.0', 'PSF-2.0', 'Python-2.0'];

  it('have permissive licences, and only tools of development have a few others', () => {
    const wrong = packages.filter(([, { license = 'none', dev }]) =>
      license.split(' OR ').every((one) => ![...PERMISSIVE, ...(dev ? OF_TOOLS : [])].includes(one)),
    );

    expect(packages.filter(([, { dev }]) => !dev).length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  it('are installed only with the bytes that the lockfile names, from the registry that npm is configured for', () => {
    const unchecked = packages.filter(([, { integrity = '' }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity));

    expect(unchecked.map(([path]) => path)).toEqual([]);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('run a script when they are installed only if package.json allows it by name', () => {
    const { allowScripts }: { allowScripts: Record<string, boolean> } = JSON.parse(
      readFileSync('package.json', 'utf8'),
    );
    const withScript = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));

    expect(new Set(withScript)).toEqual(new Set(Object.keys(allowScripts)));
  });
});

it('the local services listen only on 127.0.0.1', async () => {
  const folder = await temporaryFolder();
  const services = [
    await startBucket(folder),
    await startSimulator({ catalogue: catalogueOf([], [], keptCredits), seed: 1 }),
    await serveDescribeExecution(new Map()),
  ];
  try {
    for (const { url } of services) {
      const { port } = new URL(url);
      await expect(reaches('127.0.0.1', port)).resolves.toBe(true);
      // On Linux, a service that listens on all addresses answers here too.
      await expect(reaches('127.0.0.2', port)).resolves.toBe(false);
    }
  } finally {
    for (const { close } of services) await close();
  }
});

const reaches = (host: string, port: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(port), host, () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

describe('docs/security.md', () => {
  /** The last two columns of each row: a file of tests, and the name of one, as it is in the file. */
  const rows = readFileSync('docs/security.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('.ts`'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('names a test for each promise, and the test is there', () => {
    expect(rows.length).toBeGreaterThan(20);
    const missing = rows.flatMap(([, , , name = '', file = '']) => {
      const text = readFileSync(`test/${file.replaceAll('`', '')}`, 'utf8');
      return text.includes(name) || text.includes(name.replaceAll("'", "\\'")) ? [] : [`${file}: ${name}`];
    });
    expect(missing).toEqual([]);
  });
});
