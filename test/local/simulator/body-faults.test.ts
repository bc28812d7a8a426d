import { get, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ENCODINGS, type Encoding, SHAPES, type Shape } from '../../../local/simulator/body-faults.ts';
import { type Fault, faultsNamed } from '../../../local/simulator/faults.ts';
import type { Simulator } from '../../../local/simulator/simulator.ts';
import { asking, body, catalogue, simulated } from './asking.ts';

const MOVIE = `/movie/${catalogue().movies[0]?.id}`;

/** The received bytes. fetch would decompress them. */
const raw = ({ url }: Simulator, path: string, headers: Record<string, string> = { 'accept-encoding': 'gzip' }) =>
  new Promise<{ bytes: Buffer; headers: IncomingHttpHeaders; status: number | undefined }>((resolve, reject) => {
    get(url + path, { headers: { authorization: 'Bearer simulator', ...headers } }, (response) => {
      buffer(response).then(
        (bytes) => resolve({ bytes, headers: response.headers, status: response.statusCode }),
        reject,
      );
    }).on('error', reject);
  });

describe('bodies with a wrong Content-Encoding', () => {
  it.each<[Encoding, string | undefined, (bytes: Buffer) => Buffer]>([
    ['gzip-unlabelled', undefined, gunzipSync],
    ['plain-as-gzip', 'gzip', (bytes) => bytes],
    ['double-gzip', 'gzip', (bytes) => gunzipSync(gunzipSync(bytes))],
    ['deflate', 'deflate', inflateSync],
    ['br', 'br', brotliDecompressSync],
  ])('%s: Content-Encoding %s', async (as, label, unpacked) => {
    const simulator = await simulated({ faults: [{ kind: 'mislabelled', share: 1, as }] });
    const { bytes, headers, status } = await raw(simulator, MOVIE);

    expect([status, headers['content-encoding'], headers['content-length']]).toEqual([200, label, `${bytes.length}`]);
    expect(JSON.parse(unpacked(bytes).toString())).toEqual(await body(await simulated(), MOVIE));
  });

  it('are also sent to clients that do not accept them', async () => {
    const simulator = await simulated({ faults: [{ kind: 'mislabelled', share: 1, as: 'gzip-unlabelled' }] });

    expect(gunzipSync((await raw(simulator, MOVIE, {})).bytes).toString()).toMatch(/^\{"/);
  });

  it('have every form, which may differ between tries, but is the same for the same seed', async () => {
    const labels = async (seed: number) => {
      const simulator = await simulated({ seed, faults: [{ kind: 'mislabelled', share: 1 }] });
      const seen: string[] = [];
      for (let time = 0; time < 40; time++) {
        const { bytes, headers } = await raw(simulator, '/movie/popular');
        seen.push(`${headers['content-encoding']} ${bytes.length}`);
      }
      return seen;
    };

    expect(new Set(await labels(1)).size).toBe(Object.keys(ENCODINGS).length);
    expect(await labels(1)).toEqual(await labels(1));
    expect(await labels(1)).not.toEqual(await labels(2));
  });
});

describe('bodies of a wrong shape', () => {
  it.each<[Shape, number, RegExp]>([
    ['empty-object', 200, /^\{\}$/],
    ['empty-array', 200, /^\[\]$/],
    ['null', 200, /^null$/],
    ['envelope', 200, /"status_code":11/],
    ['nested', 200, /^\[{5000}\]{5000}$/],
    ['html-403', 403, /^<html>/],
  ])('%s, with status %d', async (as, status, text) => {
    const simulator = await simulated({ faults: [{ kind: 'wrong-shape', share: 1, as }] });
    const response = await asking(simulator, MOVIE);

    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(text);
  });

  it('invalid UTF-8 is the regular body with an invalid character in the title', async () => {
    const simulator = await simulated({ faults: [{ kind: 'wrong-shape', share: 1, as: 'invalid-utf8' }] });
    const { bytes } = await raw(simulator, MOVIE, {});
    const right = await body(await simulated(), MOVIE);

    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow();
    expect(JSON.parse(bytes.toString()).budget).toBe(right.budget);
    expect(bytes.toString()).toContain('\uFFFD');
  });

  it.each(['/configuration', '/find/tt0000001?external_source=imdb_id', '/movie/popular', '/movie/1'])(
    'invalid UTF-8 exists for %s',
    async (path) => {
      const simulator = await simulated({ faults: [{ kind: 'wrong-shape', share: 1, as: 'invalid-utf8' }] });
      const { bytes } = await raw(simulator, path, {});

      expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow();
    },
  );

  it('are sent once or twice in a row, for a share of the requests, and have every shape', async () => {
    const faults: Fault[] = [{ kind: 'wrong-shape', share: 0.3, inARow: 2 }];
    const simulator = await simulated({ faults });
    const pages = Array.from({ length: 200 }, (_, index) => `/discover/movie?page=${index + 1}`);
    const isWrong = async (path: string) => {
      const text = (await raw(simulator, path, {})).bytes.toString();
      return !text.includes('"results":') || text.includes('\uFFFD');
    };
    const rows = await Promise.all(
      pages.map(async (path) => [await isWrong(path), await isWrong(path), await isWrong(path)].join()),
    );
    const count = (row: string) => rows.filter((one) => one === row).length;

    expect(new Set(rows)).toEqual(new Set(['false,false,false', 'true,false,false', 'true,true,false']));
    expect(rows.length - count('false,false,false')).toSatisfy((wrong: number) => wrong > 40 && wrong < 80);
    expect(count('true,true,false')).toBeGreaterThan(15);
    expect(SHAPES).toHaveLength(7);
  });

  it.each(['wrong-shapes', 'mislabelled', 'cdn-403'])('%s affects one request in fifty', async (name) => {
    const simulator = await simulated({ faults: faultsNamed(name) ?? [] });
    const right = await simulated();
    const pages = Array.from({ length: 200 }, (_, index) => `/discover/movie?page=${index + 1}`);
    const differ = await Promise.all(
      pages.map(async (path) => {
        const [one, other] = await Promise.all([raw(simulator, path), raw(right, path)]);
        return one.bytes.equals(other.bytes) ? 0 : 1;
      }),
    );

    expect(differ.reduce<number>((sum, one) => sum + one, 0)).toSatisfy((count: number) => count > 0 && count < 12);
  });
});
