import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/*
 * Loaded before a program (`node --import`). Each change that it makes in a folder is a moment, and each write is one
 * more, in which only the first half of the bytes are written. The moment after a change is the one before the next.
 *
 * KILL_BELOW: the folder.
 * KILL_AT: the moment, from 1, at which the program gets SIGKILL.
 * SNAPSHOTS: a folder for copies of KILL_BELOW: what a SIGKILL would leave, without one start for each.
 * SNAPSHOT_EACH: 1 copies at each moment, 20 at the moments 1, 21, 41 and so on.
 */
const { KILL_BELOW = '', KILL_AT = '', SNAPSHOTS, SNAPSHOT_EACH = '1' } = process.env;
let moments = 0;
let isCopying = false;

const moment = () => {
  moments += 1;
  if (moments === Number(KILL_AT)) process.kill(process.pid, 'SIGKILL');
  if (!SNAPSHOTS || (moments - 1) % Number(SNAPSHOT_EACH)) return;
  isCopying = true;
  const options = { recursive: true, preserveTimestamps: true };
  if (fs.existsSync(KILL_BELOW)) fs.cpSync(KILL_BELOW, join(SNAPSHOTS, String(moments).padStart(4, '0')), options);
  isCopying = false;
};
const isBelow = (path: unknown): boolean => !isCopying && String(path).startsWith(KILL_BELOW);

// biome-ignore lint/suspicious/noExplicitAny: the functions of fs have many overloads
const functions = fs as any;
const { openSync, writeSync } = functions;

for (const name of ['mkdirSync', 'writeFileSync', 'renameSync', 'rmSync', 'rmdirSync', 'unlinkSync']) {
  const change = functions[name];
  functions[name] = (path: unknown, ...others: unknown[]) => {
    if (isBelow(path)) moment();
    return change(path, ...others);
  };
}
const below = new Set<number>();
functions.openSync = (path: unknown, flags: unknown, ...others: unknown[]) => {
  const changes = isBelow(path) && flags !== 'r';
  if (changes) moment();
  const descriptor = openSync(path, flags, ...others);
  if (changes) below.add(descriptor);
  else below.delete(descriptor);
  return descriptor;
};
functions.writeSync = (descriptor: number, bytes: Uint8Array, ...others: unknown[]) => {
  if (!below.has(descriptor)) return writeSync(descriptor, bytes, ...others);
  moment();
  const half = writeSync(descriptor, bytes, 0, Math.floor(bytes.length / 2));
  moment();
  return half + writeSync(descriptor, bytes, half);
};
syncBuiltinESMExports();
