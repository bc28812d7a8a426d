import { SingleBar } from 'cli-progress';
import type { SendOptions, Sent } from './send.ts';

/** Shows how far an upload is: a bar that moves on a terminal, elsewhere a line where a file begins and one where it ends. */
export interface UploadProgress {
  begin(file: string, bytes: number, key: string): void;
  at: NonNullable<SendOptions['progress']>;
  end(file: string, sent: Sent, seconds: number): void;
  /** Takes the bar away, so that something else can be said. */
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
    at: (stage, bytes) => bar?.update(bytes, { stage }),
    end: (file, { sent, bytes, sha256 }, seconds) => {
      stop();
      out.write(
        sent
          ? `${file}: sent and checked, ${bytes} bytes in ${seconds.toFixed(1)} s, sha256 ${sha256}\n`
          : `${file}: already there, nothing sent, ${bytes} bytes, sha256 ${sha256}\n`,
      );
    },
    stop,
  };
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
