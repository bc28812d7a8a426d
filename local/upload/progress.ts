import { createLogUpdate } from 'log-update';
import { bar, cut } from '../progress/draw.ts';
import { changesLines } from '../progress/show.ts';
import type { SendOptions, Sent } from './send.ts';

/** Shows the progress of an upload: on a terminal a progress bar, elsewhere a line at the start and at the end of each file. */
export interface UploadProgress {
  begin(file: string, bytes: number, key: string): void;
  update: NonNullable<SendOptions['progress']>;
  end(file: string, key: string, sent: Sent, seconds: number): void;
  /** Removes the bar, so that other text can be printed. */
  stop(): void;
}

/** Ten pictures a second look smooth. */
const DRAW_MS = 100;

export const showUpload = (
  out: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
  now = () => performance.now(),
): UploadProgress => {
  const line = changesLines(out, env) ? createLogUpdate(out) : undefined;
  let total = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = (stage: string, bytes: number) => {
    if (!line || now() - drawnAt < DRAW_MS) return;
    drawnAt = now();
    const text = `${stage} ${megabytes(bytes)} of ${megabytes(total)} MB`;
    line(cut(`  ${bar(bytes, total, 24)}  ${text}`, (out.columns || 80) - 1));
  };
  const stop = () => {
    line?.clear();
    line?.done();
  };
  return {
    begin: (file, bytes, key) => {
      out.write(`${file}: ${bytes} bytes, to ${key}\n`);
      [total, drawnAt] = [bytes, Number.NEGATIVE_INFINITY];
      draw('reading', 0);
    },
    update: draw,
    end: (file, key, { sent, replaced, bytes, sha256 }, seconds) => {
      stop();
      out.write(
        sent
          ? `${file}: sent and checked, ${bytes} bytes in ${seconds.toFixed(1)} s, sha256 ${sha256}\n`
          : `${file}: already in the bucket, not sent, ${bytes} bytes, sha256 ${sha256}\n`,
      );
      if (replaced) out.write(`It replaces another file of the same name and day: ${key}\n`);
      if (!sent) out.write(`A run reads the newest upload. To read this one, add --upload ${key} to npm start.\n`);
    },
    stop,
  };
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
