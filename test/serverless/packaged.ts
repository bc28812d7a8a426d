import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { NODE_COMPILE_CACHE } from '../local/command-line.ts';

const one = z.string();
const many = z.union([one.transform((text) => [text]), z.array(one)]);

export const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.unknown().optional(),
  Action: many,
  Resource: z.union([z.array(z.unknown()), z.unknown().transform((resource) => [resource])]),
  Condition: z.unknown().optional(),
});

const template = z.object({
  Conditions: z.record(one, z.unknown()).default({}),
  Resources: z.record(one, z.looseObject({ Type: one, Properties: z.record(one, z.unknown()) })),
  Outputs: z.record(one, z.unknown()).default({}),
});
export type Template = z.output<typeof template>;

/** Runs `sls` with the Node of the tests, and without AWS credentials, configuration and endpoint. */
export const sls = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['node_modules/serverless/bin/serverless.js', ...args], {
    env: { PATH: process.env.PATH, HOME: tmpdir(), AWS_EC2_METADATA_DISABLED: 'true', NODE_COMPILE_CACHE },
  }).catch(({ stdout, stderr }) => {
    throw new Error(stdout + stderr);
  });

/** The bucket that the templates name. */
export const BUCKET = 'packaged-raw-zone';

/** The output of `sls package`: both templates, and the files of each function's package. */
export const packageService = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packaged-'));
  try {
    await sls('package', '--package', folder, '--param', `bucket=${BUCKET}`);
    const read = async (name: string) => template.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
    const zips = (await readdir(folder)).filter((name) => name.endsWith('.zip'));
    return {
      service: await read('cloudformation-template-update-stack.json'),
      bucket: await read('cloudformation-template-bucket.json'),
      packages: Object.fromEntries(
        await Promise.all(
          zips.map(async (name) => [name.slice(0, -'.zip'.length), unzip(await readFile(join(folder, name)))] as const),
        ),
      ),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** The files of a zip by name, from its central directory. Supports only the zips that serverless-esbuild writes. */
const unzip = (zip: Buffer): Map<string, string> => {
  const files = new Map<string, string>();
  const end = zip.lastIndexOf('PK\x05\x06');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, packed, nameLength, extraLength, commentLength] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt16LE(at + 32),
    ];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(from, from + packed);
    files.set(name, (method === 0 ? data : inflateRawSync(data)).toString());
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
};
