const bucketMs = 15 * 60_000; // no zone changes its offset at another moment
const maxBuckets = 4096;
const firstSunday = 3; // days after 1970-01-01, a Thursday
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** What the clock on the wall of a time zone shows. */
export class WallClock {
  readonly #format: Intl.DateTimeFormat | null;
  readonly #offsets = new Map<number, number>();

  /** @param timeZone an IANA name that the engine knows */
  constructor(timeZone: string) {
    const options = { timeZone, timeZoneName: 'longOffset' } as const;
    this.#format = timeZone === 'UTC' ? null : new Intl.DateTimeFormat('en', options);
  }

  at(timeMs: number): { readonly hour: number; readonly weekday: string } {
    const hours = Math.floor((timeMs + this.#offsetMs(timeMs)) / 3_600_000);
    const days = Math.floor(hours / 24);
    return { hour: hours - days * 24, weekday: weekdays[(((days - firstSunday) % 7) + 7) % 7] ?? '' };
  }

  #offsetMs(timeMs: number): number {
    if (this.#format === null) return 0;
    const bucket = Math.floor(timeMs / bucketMs);
    const known = this.#offsets.get(bucket);
    if (known !== undefined) return known;
    const name = this.#format.formatToParts(timeMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes = '0'] = /^GMT([+-])(\d\d):?(\d\d)?/.exec(name) ?? [];
    const offsetMs = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes)) * 60_000;
    if (this.#offsets.size >= maxBuckets) this.#offsets.clear();
    this.#offsets.set(bucket, offsetMs);
    return offsetMs;
  }
}
