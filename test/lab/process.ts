import type { Emit } from '../../lib/events.ts';
import type { Handler } from '../../lib/lambda.ts';
import type { ObjectStore } from '../../lib/raw-zone/object-store.ts';
import type { Tmdb } from '../../lib/tmdb/client.ts';

/*
 * What can happen to a process: it is killed or it is paused, at a request to TMDB or at a write to the bucket.
 *
 * The code of a killed process goes on in this one, but nothing that it does reaches TMDB or the bucket, and every answer
 * that it gets is an error. So the bucket has what a SIGKILL would leave there.
 */

/** What happens at one step of a process, counted from 1. */
export interface Strike {
  at: number;
  /** before: the request is not sent. after: it has its effect, but nobody learns of it. */
  when: 'before' | 'after';
  /**
   * `process`: all that runs ends, as after a SIGKILL on a laptop. `call`: one call of a function ends, as in Lambda, and
   * the state machine decides what follows. `zombie`: the state machine believes that the call has ended, but it goes on.
   * `pause`: the whole process stands still.
   */
  what: 'process' | 'call' | 'zombie' | 'pause';
  /** Error that Step Functions gets for a call. */
  error?: 'Sandbox.Timedout' | 'Runtime.ExitError';
}

/** One process of the lab, with all functions that it calls. */
export interface LabProcess {
  /** Requests and writes so far. */
  steps(): number;
  isDead(): boolean;
  kill(): void;
  /** Resolves when a strike has paused it. */
  paused: Promise<void>;
  /** Ends the pause. */
  wake(): void;
  /** Strikes that happened. */
  struck: readonly Strike[];
  /** Makes a handler that is a new call each time, with a TMDB and a bucket of its own. */
  calling(make: (services: { tmdb: Tmdb; store: ObjectStore }) => Handler<unknown>): Handler<unknown>;
  /** Events of a dead process are nobody's. */
  emit: Emit;
}

class Ended extends Error {
  override readonly name: string;
  constructor(name: string) {
    super('The lab has ended this process.');
    this.name = name;
  }
}

/** One call of a function, or all of the process where `dead` is the process's. */
interface Call {
  dead?: Ended;
  /** Rejected when the state machine gives the call up. */
  givenUp: PromiseWithResolvers<never>;
}

export const labProcess = (
  { tmdb, store }: { tmdb: Tmdb; store: ObjectStore },
  strikes: readonly Strike[] = [],
): LabProcess => {
  let steps = 0;
  let dead: Ended | undefined;
  let pausing: PromiseWithResolvers<void> | undefined;
  const paused = Promise.withResolvers<void>();
  const struck: Strike[] = [];

  const alive = async (call: Call) => {
    await pausing?.promise;
    const ended = dead ?? call.dead;
    if (ended) throw ended;
  };

  const hit = async (strike: Strike, call: Call) => {
    struck.push(strike);
    if (strike.what === 'process') dead = new Ended('Runtime.ExitError');
    if (strike.what === 'call') call.dead = new Ended(strike.error ?? 'Runtime.ExitError');
    if (strike.what === 'zombie') call.givenUp.reject(new Ended('Sandbox.Timedout'));
    if (strike.what === 'pause') {
      pausing = Promise.withResolvers();
      paused.resolve();
    }
    await alive(call);
  };

  /** Something that has an effect outside. */
  const step = async <Result>(call: Call, act: () => Promise<Result>): Promise<Result> => {
    await alive(call);
    steps += 1;
    const now = steps;
    const strike = strikes.find(({ at }) => at === now);
    if (strike?.when === 'before') await hit(strike, call);
    const result = await act();
    if (strike?.when === 'after') await hit(strike, call);
    await alive(call);
    return result;
  };

  /** Something that changes nothing outside. */
  const look = async <Result>(call: Call, act: () => Promise<Result>): Promise<Result> => {
    await alive(call);
    const result = await act();
    await alive(call);
    return result;
  };

  const servicesFor = (call: Call): { tmdb: Tmdb; store: ObjectStore } => ({
    tmdb: {
      name: tmdb.name,
      atOnce: tmdb.atOnce,
      get: (...question) => step(call, () => tmdb.get(...question)),
      lookUp: (...question) => step(call, () => tmdb.lookUp(...question)),
    },
    store: {
      put: (...write) => step(call, () => store.put(...write)),
      putIf: (...write) => step(call, () => store.putIf(...write)),
      remove: (keys) => step(call, () => store.remove(keys)),
      get: (key) => look(call, () => store.get(key)),
      stream: (key) => look(call, () => store.stream(key)),
      list: (prefix) => look(call, () => store.list(prefix)),
      newest: (...asked) => look(call, () => store.newest(...asked)),
      folders: (prefix) => look(call, () => store.folders(prefix)),
    },
  });

  return {
    steps: () => steps,
    isDead: () => dead !== undefined,
    kill: () => {
      dead = new Ended('Runtime.ExitError');
    },
    paused: paused.promise,
    wake: () => {
      pausing?.resolve();
      pausing = undefined;
    },
    struck,
    calling: (make) => async (event, context) => {
      const call: Call = { givenUp: Promise.withResolvers() };
      call.givenUp.promise.catch(() => undefined);
      await alive(call);
      try {
        return await Promise.race([make(servicesFor(call))(event, context), call.givenUp.promise]);
      } catch (error) {
        // The code may have made another error of it.
        throw dead ?? call.dead ?? error;
      }
    },
    emit: () => undefined,
  };
};
