import { SingleBar } from 'cli-progress';

export interface Progress {
  /** Bytes so far, and in all where that is known. */
  update(receivedBytes: number, totalBytes: number | null): void;
  /** Takes the bar off the terminal's line, so that a result can be printed there; the next update brings it back. */
  clear(): void;
  stop(): void;
}

/** A bar on stderr while something large moves; silent where stderr is no terminal. */
export function startProgress(label: string): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, clear: () => undefined, stop: () => undefined };
  const format = `yms: ${label} {bar} {percentage}% {value}/{total} bytes`;
  const bar = new SingleBar({ stream: process.stderr, format, hideCursor: true, clearOnComplete: true });
  let started = false;
  return {
    update: (receivedBytes, totalBytes) => {
      if (totalBytes === null) return;
      if (started) bar.update(receivedBytes);
      else bar.start(totalBytes, receivedBytes);
      started = true;
    },
    clear: () => {
      if (started) process.stderr.write('\r\u001b[2K');
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
}
