import { parseArgs } from 'node:util';
import { catalogueFrom, defaultCatalogue } from './catalogue.ts';
import { FAULT_NAMES, faultsNamed } from './faults.ts';
import { startSimulator } from './simulator.ts';

/**
 * The TMDB simulator as a separate process: `node local/simulator/serve.ts`. It runs until SIGINT or SIGTERM.
 *
 * Prints one line of JSON, `{"url":…}`, when it is ready.
 */
try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      catalogue: { type: 'string' },
      faults: { type: 'string', default: 'none' },
      'no-ceiling': { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
    },
  });
  const faults = faultsNamed(values.faults);
  if (!faults) throw new Error(`--faults ${values.faults} is unknown; use one of ${FAULT_NAMES.join(', ')}.`);
  const simulator = await startSimulator({
    catalogue: values.catalogue ? await catalogueFrom(values.catalogue) : defaultCatalogue(),
    seed: Number(values.seed),
    faults,
    port: Number(values.port),
    ...(values['no-ceiling'] && { ceiling: false }),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close());
  process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
