import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
// @ts-expect-error A plugin file of serverless.yml, in JavaScript.
import { checkParameters, tagsOf } from '../../resources/parameters.js';

const GIVEN = {
  bucket: 'acme-raw',
  existingBucket: false,
  kmsKey: '',
  deleteBucket: '',
  scheduled: 'crime-war',
  walkersAtOnce: 4,
  requestsPerSecond: 9,
  retentionDays: 30,
  expireDays: 85,
  answerDays: 85,
  alarmEmail: '',
  tokenParameter: '/tmdb-raw-zone/dev/tmdb-token',
  tmdbBaseUrl: 'https://api.themoviedb.org/3',
  tags: '',
  permissionsBoundary: '',
};
const SCHEDULES = [
  { name: 'crime-war', enabled: true },
  { name: 'popular', enabled: true },
  { name: 'horror', enabled: false },
];
const check = (change: object, stage = 'dev') =>
  checkParameters('tmdb-raw-zone', stage, { ...GIVEN, ...change }, SCHEDULES);

describe('parameters', () => {
  it.each([
    {},
    { existingBucket: 'true', kmsKey: 'arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/0a1b-2c' },
    { walkersAtOnce: '40', requestsPerSecond: '0.9' },
    { scheduled: 'none', walkersAtOnce: '1', requestsPerSecond: '40' },
    { scheduled: 'crime-war, popular', requestsPerSecond: 5 },
    { scheduled: 'crime-war,horror' },
    { requestsPerSecond: 40, tmdbBaseUrl: 'http://127.0.0.1:8080' },
    { expireDays: '154', answerDays: '16', retentionDays: '365', alarmEmail: 'ops@acme.example' },
    { bucket: 'acme.raw-zone.2026', deleteBucket: 'acme-raw' },
    { tags: 'team=data, cost-centre=42', permissionsBoundary: 'arn:aws:iam::123456789012:policy/limits/all' },
  ])('%j are accepted', (change) => {
    expect(() => check(change)).not.toThrow();
  });

  it('of the examples in README.md and docs/ are accepted', () => {
    const lines = ['README.md', 'docs/runbook.md', 'docs/scale.md', 'docs/watching.md'].flatMap((page) =>
      readFileSync(page, 'utf8').split('\n'),
    );
    const examples = lines
      .map((line) =>
        Object.fromEntries([...line.matchAll(/--param=(\w+)=([\w-]+)/g)].map(([, name, value]) => [name, value])),
      )
      .filter((example) => Object.keys(example).length > 0);
    expect(examples.length).toBeGreaterThan(3);
    for (const example of examples) expect(() => check(example), JSON.stringify(example)).not.toThrow();
  });

  it.each([
    [{ bucket: 'Acme_Raw' }, /^Parameters: bucket: use a name that S3 allows: .*; got "Acme_Raw"\.$/],
    [{ bucket: '192.168.0.1' }, /^Parameters: bucket: use a name that S3 allows/],
    [{ bucket: 'a..b' }, /^Parameters: bucket: use a name that S3 allows/],
    [{ existingBucket: 'yes' }, /^Parameters: existingBucket: use true or false; got "yes"\.$/],
    [{ kmsKey: 'alias/raw' }, /^Parameters: kmsKey: use the ARN of a key, not of an alias/],
    [{ walkersAtOnce: '60' }, /^Parameters: walkersAtOnce: use a whole number from 1 to 40; got 60\.$/],
    [{ walkersAtOnce: 'four' }, /^Parameters: walkersAtOnce: use a whole number from 1 to 40/],
    [
      { requestsPerSecond: 0 },
      /^Parameters: requestsPerSecond: use a number above 0 and at most 40, TMDB's limit; got 0\.$/,
    ],
    [{ requestsPerSecond: '' }, /^Parameters: requestsPerSecond: use a number above 0/],
    [
      { retentionDays: 31 },
      /^Parameters: retentionDays: use a number of days that CloudWatch allows: 1, 3, 5, 7, 14, 30,.*; got 31\.$/,
    ],
    [{ expireDays: '155' }, /^Parameters: expireDays: use a whole number from 1 to 154; got 155\.$/],
    [{ answerDays: '14' }, /^Parameters: answerDays: use a whole number from 16 to 169; got 14\.$/],
    [
      { expireDays: '150' },
      /^expireDays \+ answerDays = 150 \+ 85 = 235 days, and TMDB's terms allow 170: lower one of these numbers\.$/,
    ],
    [{ alarmEmail: 'ops' }, /^Parameters: alarmEmail: use an e-mail address, or nothing; got "ops"\.$/],
    [{ tmdbBaseUrl: 'themoviedb' }, /^Parameters: tmdbBaseUrl: use an address that begins with https:/],
    [{ tags: 'team' }, /^Parameters: tags: use names and values such as team=data,cost-centre=42; got "team"\.$/],
    [{ permissionsBoundary: 'limits' }, /^Parameters: permissionsBoundary: use the ARN of a policy/],
    [{ buckett: 'acme-raw' }, /^Parameters: unknown field "buckett"; did you mean "bucket"\?$/],
    [
      { keepBucket: 'false' },
      /^There is no parameter keepBucket any more: .* --param=deleteBucket=<name of the bucket>\.$/,
    ],
    [{ scheduled: 'crime-war,unknown' }, /^Parameter scheduled: there is no dataset unknown with a schedule/],
    [
      { scheduled: 'crime-war,popular' },
      /^Scheduled runs × .* = 2 × 4 × 9 = 72 requests per second, but TMDB allows 40: lower one of these numbers\.$/,
    ],
    [
      { scheduled: 'none', requestsPerSecond: '11' },
      /^walkersAtOnce × requestsPerSecond = 4 × 11 = 44 requests per second in one run, but TMDB allows 40: lower one of these numbers\.$/,
    ],
    [{ requestsPerSecond: '11' }, /= 1 × 4 × 11 = 44 requests per second, but TMDB allows 40/],
  ])('%j are refused with one sentence', (change, sentence) => {
    expect(() => check(change)).toThrow(sentence);
  });

  it('the name of the token must begin with a slash, and a token in its place is not repeated', () => {
    expect(() => check({ tokenParameter: 'eyJhbGciOiJIUzI1NiJ9' })).toThrow(
      /^Parameter tokenParameter: use a name that begins with a slash, for example \/tmdb-raw-zone\/dev\/tmdb-token; (?!.*eyJ)/,
    );
  });

  it.each(['Feature', 'feature-4711-rework-the-page-walker-2027'])('stage %s is refused', (stage) => {
    expect(() => check({}, stage)).toThrow(`Stage "${stage}"`);
  });

  it('tags are names and values, separated by commas', () => {
    expect(tagsOf('team=data, cost-centre=42')).toEqual({ team: 'data', 'cost-centre': '42' });
    expect(tagsOf('')).toEqual({});
  });
});
