import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../lib/tmdb/retry-after.ts';
import { NOON } from '../../doubles/fast-clock.ts';

const at = (ms: number) => new Date(NOON + ms).toUTCString();

describe('Retry-After', () => {
  it.each([
    { header: '7', ms: 7_000 },
    { header: ' 7 ', ms: 7_000 },
    { header: '0', ms: 1_000 },
    { header: '60', ms: 60_000 },
    { header: '61', ms: 60_000 },
    { header: '86400', ms: 60_000 },
    { header: '9'.repeat(400), ms: 60_000 },
    { header: at(5_000), ms: 5_000 },
    { header: at(0), ms: 1_000 },
    { header: at(-3_600_000), ms: 1_000 },
    { header: at(86_400_000), ms: 60_000 },
  ])('$header means a wait of $ms ms', ({ header, ms }) => {
    expect(retryAfterMs(header, NOON)).toBe(ms);
  });

  it.each([undefined, null, '', '  ', 'soon', 'NaN', 7, ['7'], {}])('%j is ignored', (header) => {
    expect(retryAfterMs(header, NOON)).toBeUndefined();
  });

  it('gives a wait of 1 to 60 seconds for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.date().map(String)), (header) => {
        const ms = retryAfterMs(header, NOON) ?? 1_000;
        expect(ms >= 1_000 && ms <= 60_000).toBe(true);
      }),
    );
  });
});
