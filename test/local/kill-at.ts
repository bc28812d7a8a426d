import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Loaded before a program (`node --import`): ends it with SIGKILL at one of its changes in a folder. Each change of the
 * file system is a moment, and each write is one more, in which only the first half of the bytes have been written. The
 * moment after a change is the same as that before the next one.
 *
 * KILL_BELOW: the folder. KILL_AT: the number of the moment, from 1. KILL_COUNT: a file for the number of all moments.
 */
const { KILL_BELOW = '', KILL_AT = '0', KILL_COUNT } = process.env;
let moments = 0;

const isNow = (): boolean => ++moments === Number(KILL_AT);
const die = () => process.kill(process.pid, 'SIGKILL');
const isBelow = (path: unknown): boolean => String(path).startsWith(KILL_BELOW);

// biome-ignore lint/suspicious/noExplicitAny: the functions of fs have many overloads
const functions = fs as any;
const { openSync, writeSync } = functions;

for (const name of ['mkdirSync', 'renameSync', 'rmSync', 'rmdirSync', 'unlinkSync']) {
  const change = functions[name];
  functions[name] = (path: unknown, ...others: unknown[]) => {
    if (isBelow(path) && isNow()) die();
    return change(path, ...others);
  };
}
const below = new Set<number>();
functions.openSync = (path: unknown, flags: unknown, ...others: unknown[]) => {
  const changes = isBelow(path) && flags !== 'r';
  if (changes && isNow()) die();
  const descriptor = openSync(path, flags, ...others);
  if (changes) below.add(descriptor);
  else below.delete(descriptor);
  return descriptor;
};
functions.writeSync = (descriptor: number, bytes: Uint8Array, ...others: unknown[]) => {
  if (below.has(descriptor)) {
    if (isNow()) die();
    if (isNow()) {
      writeSync(descriptor, bytes, 0, Math.floor(bytes.length / 2));
      die();
    }
  }
  return writeSync(descriptor, bytes, ...others);
};
syncBuiltinESMExports();

if (KILL_COUNT) process.on('exit', () => fs.writeFileSync(KILL_COUNT, String(moments)));
