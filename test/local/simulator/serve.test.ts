import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';

const serve = (...args: string[]) => {
  const child = spawn(process.execPath, ['local/simulator/serve.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
};

describe('the simulator as a separate process', () => {
  it('prints its URL, and ends with SIGTERM', async () => {
    const child = serve('--faults', 'outage-find', '--no-ceiling');
    const [line] = await once(child.stdout, 'data');
    const { url } = JSON.parse(String(line));

    const response = await fetch(`${url}/find/tt0000001?external_source=imdb_id&api_key=simulator`);
    expect(response.status).toBe(500);

    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('rejects an unknown name of faults, and lists the known names', async () => {
    const child = serve('--faults', 'bad-weather');
    const [error] = await once(child.stderr, 'data');

    expect(String(error)).toMatch(/^--faults bad-weather is unknown; use one of none, mixed, .*\n$/);
    expect(await once(child, 'exit')).toEqual([1, null]);
  });
});
