import { expect, it } from 'vitest';
import { whyText } from '../../local/inspect/why-text.ts';

it('a title or a reason with escape sequences or line ends stays text on its line', () => {
  const text = whyText(
    '1042',
    {
      explanations: [
        {
          branch: 'crime-2017',
          run: 'friday',
          id: 1042,
          title: 'Red \x1b[31m alert\r\nWritten',
          outcome: 'quarantined',
          why: 'no \x9b2J id',
          hasWork: true,
          pages: [],
        },
      ],
      unknownLeftOut: 0,
    },
    undefined,
  );

  expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  expect(text.split('\n').slice(0, 3)).toEqual(['1042: Red  [31m alert Written', '', 'Branch crime-2017, run friday']);
});
