import { SingleBar } from 'cli-progress';
import type { SendOptions, Sent } from './send.ts';

/** Shows the progress of an upload: on a terminal a progress bar, elsewhere a line at the start and at the end of each file. */
export interface UploadProgress {
  begin(file: string, bytes: number, key: string): void;
  update: NonNullable<SendOptions['progress']>;
  end(file: string, sent: Sent, seconds: number): void;
  /** Removes the bar, so that other text can be printed. */
  stop(): void;
}

export const showUpload = (out: NodeJS.WriteStream): UploadProgress => {
  const bar = out.isTTY
    ? new SingleBar({
        stream: out,
        format: '  {bar} {percentage}% | {stage} {value}/{total} MB | {duration_formatted}',
        formatValue: (value, _, type) => (type === 'value' || type === 'total' ? megabytes(value) : String(value)),
        hideCursor: true,
        clearOnComplete: true,
      })
    : undefined;
  const stop = () => bar?.stop();
  return {
    begin: (file, bytes, key) => {
      out.write(`${file}: ${bytes} bytes, to ${key}\n`);
      bar?.start(bytes, 0, { stage: 'reading' });
    },
    update: (stage, bytes) => bar?.update(bytes, { stage }),
    end: (file, { sent, bytes, sha256 }, seconds) => {
      stop();
      out.write(
        sent
          ? `${file}: sent and checked, ${bytes} bytes in ${seconds.toFixed(1)} s, sha256 ${sha256}\n`
          : `${file}: already in the bucket, not sent, ${bytes} bytes, sha256 ${sha256}\n`,
      );
    },
    stop,
  };
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
