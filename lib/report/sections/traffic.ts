import { joinedTraffic, type Traffic } from '../../runs/traffic.ts';
import { share } from '../bars.ts';
import type { ReportFacts } from '../facts.ts';
import { counted, duration, grouped, instant, rounded } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { details, note, numeric, section, table, texts } from '../table.ts';

/** Bars of the chart at most: on a phone, each is then 3 pixels wide. */
const INTERVALS = 120;

/** Fewer intervals show nothing over time; the heading says it all. */
const LEAST = 3;

export const trafficSection = (facts: ReportFacts): Html => {
  const { day, branches } = facts;
  const pace = day.forecast?.perSecond;
  const mine = branches.filter(({ run }) => run === day.run);
  const traffic = joinedTraffic(
    mine.flatMap(({ traffic }) => traffic ?? []),
    INTERVALS,
  );
  if (!traffic)
    return section(
      'traffic',
      `${counted(day.requests, 'request')} to TMDB`,
      note('Requests over time were not recorded.'),
    );
  const rates = traffic.requests.map((count) => count / traffic.seconds);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const [retries, throttles] = [sum(traffic.retries), sum(traffic.throttles)];
  const faults =
    retries + throttles === 0
      ? 'no retry'
      : `${counted(retries, 'retry', 'retries')}, ${counted(throttles, 'answer')} with status 429`;
  return section(
    'traffic',
    rates.length < LEAST
      ? `${counted(day.requests, 'request')}, ${faults}`
      : `${rounded(mean)} requests a second on average, ${faults}`,
    note(
      `Requests a second in intervals of ${duration(traffic.seconds * 1000)}${pace ? `; the pace allows ${rounded(pace)}` : ''}.${day.unfinished.length > 0 ? ' Requests of unfinished branches are not counted.' : ''}`,
    ),
    rates.length >= LEAST && chart(traffic, rates, pace),
    details(
      'Table: requests over time',
      table(
        'Requests over time',
        [texts('From'), numeric('Requests'), numeric('A second'), numeric('Retries'), numeric('429')],
        traffic.requests.map((count, index) => ({
          cells: [
            instant(new Date(Date.parse(traffic.from) + index * traffic.seconds * 1000).toISOString()),
            { shows: grouped(count), value: count },
            { shows: rounded(rates[index] ?? 0), value: rates[index] ?? 0 },
            { shows: grouped(traffic.retries[index] ?? 0), value: traffic.retries[index] ?? 0 },
            { shows: grouped(traffic.throttles[index] ?? 0), value: traffic.throttles[index] ?? 0 },
          ],
        })),
      ),
    ),
  );
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Space above the highest bar or line, as a share of the height: for the label of the line. */
const HEADROOM = 1.18;

const chart = (traffic: Traffic, rates: readonly number[], pace: number | undefined): Html => {
  const highest = Math.max(1, pace ?? 0, ...rates);
  const top = highest * HEADROOM;
  const width = share(0.84, rates.length);
  const retryRates = traffic.retries.map((count) => count / traffic.seconds);
  const bar = (rate: number, index: number, tone: string) =>
    rate > 0 &&
    html`<rect class="${tone}" x="${share(index + 0.08, rates.length)}" y="${share(top - rate, top)}" width="${width}" height="${share(rate, top)}"/>`;
  const level = pace ?? highest;
  const hasRetries = traffic.retries.some((count) => count > 0);
  const hasThrottles = traffic.throttles.some((count) => count > 0);
  const seconds = rates.length * traffic.seconds;
  return html`<figure><svg class="plot" role="img" aria-labelledby="traffic-title traffic-desc"><title id="traffic-title">Requests to TMDB a second</title>
<desc id="traffic-desc">${rates.length} intervals, highest ${rounded(Math.max(...rates))} a second${pace ? `, pace ${rounded(pace)} a second` : ''}. The table below has all numbers.</desc>
<g>${rates.map((rate, index) => bar(rate, index, 'accent'))}${retryRates.map((rate, index) => bar(rate, index, 'warning'))}</g>
${hasThrottles && html`<g>${traffic.throttles.map((count, index) => count > 0 && html`<circle class="failed" cx="${share(index + 0.5, rates.length)}" cy="3%" r="3.5"/>`)}</g>`}
<line class="rule${pace !== undefined && ' dashed'}" x1="0" x2="100%" y1="${share(top - level, top)}" y2="${share(top - level, top)}"/>
<text class="on-line" x="0" y="${share(top - level, top)}" dy="-6">${pace ? `pace: ${rounded(pace)} a second` : `${rounded(highest)} a second`}</text>
<line class="base" x1="0" x2="100%" y1="100%" y2="100%"/></svg>
<figcaption class="axis muted"><span>${instant(traffic.from)}</span><span>${duration(seconds * 1000)} later</span></figcaption>
${(hasRetries || hasThrottles) && html`<p class="keys">${hasRetries && html`<span class="key warning">retries</span> `}${hasThrottles && html`<span class="key failed dot">answers with status 429</span>`}</p>`}</figure>`;
};
