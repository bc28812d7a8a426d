import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Day } from '../../lib/day.ts';
import { gatherFacts, type ReportFacts } from '../../lib/report/facts.ts';
import { reportPage } from '../../lib/report/page.ts';
import { dayOf, movie } from '../lib/report/reported.ts';
import { temporaryFolder } from './running.ts';

/** Chromium of the system; Debian calls it chromium, GitHub's machines google-chrome. */
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((file) => existsSync(file));
if (!CHROMIUM) process.stderr.write('The report is not opened in a browser: there is no chromium on the PATH.\n');

const HOSTILE = '<script>document.title = "hacked"</script>';

/** Two weeks of four branches: one is unfinished, one has a quarantined id, and titles are hostile. */
const facts = async (): Promise<ReportFacts> => {
  const records = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => movie(from + at, at === 0 ? { title: HOSTILE } : {}));
  const day = (last: number) => ({
    'crime-2016': { records: records(1, last), changes: { leftOut: 4 } },
    'crime-2017': {
      records: records(40, 45),
      missing: { quarantined: [99], gone: [98] },
      changes: {
        quarantine: [{ id: 99, why: 'budget: expected number', key: '_quarantine/99.json' }],
        traffic: {
          from: '2026-11-20T12:00:00.000Z',
          seconds: 1,
          requests: [30, 36, 20, 33],
          retries: [0, 2, 1, 0],
          throttles: [0, 1, 0, 0],
        },
      },
    },
    'war-2016': { records: records(60, 62) },
  });
  const { store } = await dayOf(day(20), { day: '2026-11-13' as Day });
  await dayOf(day(24), {
    store,
    changes: {
      complete: false,
      absent: ['war-2017'],
      unfinished: [{ branch: 'war-2017', error: 'TmdbUnavailableError', message: 'TMDB answers 503' }],
      comparedWith: '2026-11-13',
      forecast: { perSecond: 36, dollars: 0.0059 },
    },
  });
  const gathered = await gatherFacts(store, { dataset: 'crime-war', day: '2026-11-20' });
  if (!gathered) throw new Error('there is no manifest');
  return gathered;
};

describe.skipIf(!CHROMIUM)('the report in a browser', () => {
  let browser: Browser;
  let file: string;
  let given: ReportFacts;
  beforeAll(async () => {
    given = await facts();
    file = join(await temporaryFolder(), 'report.html');
    await writeFile(file, reportPage(given));
    // Chromium as root, as in a container, has no sandbox. The page is ours and is not from the network.
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  }, 30_000);
  afterAll(() => browser?.close());

  /** Opens the report. Returns what it should not do: requests and messages on the console. */
  const opened = async (options: Parameters<Browser['newPage']>[0] = {}): Promise<{ page: Page; wrong: string[] }> => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    const wrong: string[] = [];
    page.on('console', (message) => wrong.push(message.text()));
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) wrong.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, wrong };
  };

  it('has the numbers of the manifests in its heat map, and says nothing on the console', async () => {
    const { page, wrong } = await opened();
    const cells = await page
      .locator('.across .cell')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));

    expect(cells.filter((label) => !label?.startsWith('–'))).toEqual(
      given.branches.map(({ branch, expected, written, leftOut, missing }) => {
        const [genre = '', year = ''] = branch.split('-');
        const name = `${genre[0]?.toUpperCase()}${genre.slice(1)} ${year}`;
        return `${written} movies, ${name}: ${expected} expected, ${written} written, ${leftOut} left out, ${Object.values(missing).flat().length} missing`;
      }),
    );
    expect(await page.title()).not.toBe('hacked');
    expect(wrong).toEqual([]);
    await page.close();
  });

  it('is used with the keyboard: arrow keys in the heat map, Enter to the branch, buttons that sort', async () => {
    const { page } = await opened();
    await page.locator('.across .cell').first().focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.cell:focus .tip:visible').textContent()).toContain('Crime 2017: 7 expected, 5 written');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.cell:focus .tip:visible').textContent()).toContain('War 2017: not written');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    expect(await page.locator('#branch-crime-2017').isVisible()).toBe(true);

    const sort = page.locator('#branches th button', { hasText: 'Written' });
    await sort.focus();
    await page.keyboard.press('Enter');
    const written = await page.locator('#branches tbody tr td:nth-child(10)').allInnerTexts();
    expect(written).toEqual(['23', '5', '2', '–']);
    await page.close();
  });

  it.each(['light', 'dark'] as const)(
    'breaks no rule of axe-core, and no line is wider than a phone: %s',
    async (colorScheme) => {
      for (const width of [1280, 390]) {
        const { page, wrong } = await opened({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        await page.evaluate(axe.source);
        const { violations, passed } = await page.evaluate<{ violations: unknown[]; passed: number }>(`(async () => {
        const { violations, passes } = await axe.run();
        return { violations: violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]), passed: passes.length };
      })()`);
        expect(violations).toEqual([]);
        expect(passed).toBeGreaterThan(20);
        expect(wrong).toEqual([]);
        await page.close();
      }
    },
  );

  it('can be read without its script', async () => {
    const { page } = await opened({ javaScriptEnabled: false });

    expect(await page.locator('h1').textContent()).toContain('unfinished: war-2017');
    expect(await page.locator('#theme').isVisible()).toBe(false);
    await page.locator('summary', { hasText: 'Files with' }).click();
    expect(await page.locator('#files td').first().isVisible()).toBe(true);
    await page.close();
  });
});
