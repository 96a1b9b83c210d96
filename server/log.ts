import { type DestinationStream, type Logger, pino } from 'pino';

/** Members that never reach a log, wherever they stand in what is logged. */
const secrets = ['authorization', 'token', 'licenseKey', 'sealedToken', 'passphrase', 'secret'];

/** Logs JSON lines, to stderr unless a destination is given (stdout belongs to results). */
export function openLog(destination?: DestinationStream, level = 'info'): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
