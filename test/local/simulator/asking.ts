import { onTestFinished } from 'vitest';
import { type Catalogue, catalogueOf, defaultCatalogue } from '../../../local/simulator/catalogue.ts';
import { type Credits, inventedCredits } from '../../../local/simulator/invented-credits.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../local/simulator/simulator.ts';

/** Created once, because it never changes. */
let made: Catalogue | undefined;
export const catalogue = (): Catalogue => {
  if (made) return made;
  const { movies, series } = defaultCatalogue();
  made = catalogueOf(movies, series, keptCredits);
  return made;
};

/** Tests ask for the same few hundred titles again and again, and credits are most of the simulator's work. */
const credits = new Map<string, Credits>();
export const keptCredits: Catalogue['creditsOf'] = (kind, id) => {
  const key = `${kind} ${id}`;
  const known = credits.get(key) ?? inventedCredits(kind, id);
  credits.set(key, known);
  return known;
};

/** A simulator for one test. By default, it has no response time, no rate limit, and a high limit on connections. */
export const simulated = async (options: Partial<SimulatorOptions> = {}): Promise<Simulator> => {
  const simulator = await startSimulator({
    catalogue: catalogue(),
    seed: 1,
    ceiling: false,
    latencyMs: { from: 0, to: 0 },
    connections: 1000,
    ...options,
  });
  onTestFinished(() => simulator.close());
  return simulator;
};

const AUTHORIZED = { authorization: 'Bearer simulator' };

export const asking = ({ url }: Simulator, path: string, init: RequestInit = { headers: AUTHORIZED }) =>
  fetch(url + path, init);

/** The parsed body of a response with any status. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at bodies of many shapes, and fail where one isn't as expected.
export const body = async (simulator: Simulator, path: string): Promise<any> => (await asking(simulator, path)).json();

export const statuses = async (simulator: Simulator, path: string, times: number): Promise<number[]> => {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) {
    const response = await asking(simulator, path);
    await response.arrayBuffer();
    seen.push(response.status);
  }
  return seen;
};
