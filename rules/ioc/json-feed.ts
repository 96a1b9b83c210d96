import type { Json } from '../../base/json.js';
import type { Fault } from '../fault.js';
import { finishDraft, lacksZone, type Draft } from './draft.js';
import { indicatorId, type Indicator } from './indicator.js';
import type { IocFile } from './text-list.js';
import { quote } from './value.js';

export type FeedFaultCode =
  | 'feed-shape'
  | 'indicator-refused'
  | 'kind-unsupported'
  | 'port-dropped'
  | 'zone-missing'
  | 'list-empty'
  | 'duplicate';

/** Collects the indicators and faults of one JSON feed; a place is where an object's own id stands in the text. */
export class FeedReader {
  readonly #text: string;
  readonly #file: string;
  readonly #indicators = new Map<string, Indicator>();
  readonly #faults: Fault[] = [];

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  /** An id met before is left out; feeds repeat themselves, so that is no fault. */
  add(draft: Draft, anchor: string): void {
    const indicator = finishDraft(draft);
    if ('problem' in indicator) this.fault('indicator-refused', 'error', indicator.problem, anchor);
    else if (!this.#indicators.has(indicatorId(indicator))) this.#indicators.set(indicatorId(indicator), indicator);
    for (const time of [draft.firstSeen, draft.expires])
      if (lacksZone(time))
        this.fault('zone-missing', 'warning', `time: expected a zone, got ${quote(time ?? '')} (UTC taken)`, anchor);
  }

  fault(code: FeedFaultCode, severity: Fault['severity'], message: string, anchor = ''): void {
    this.#faults.push({ code, message, place: this.#placeOf(anchor), severity });
  }

  result(): IocFile {
    return { indicators: [...this.#indicators.values()], faults: this.#faults };
  }

  #placeOf(anchor: string): Fault['place'] {
    const at = anchor === '' ? -1 : this.#text.indexOf(JSON.stringify(anchor));
    if (at < 0) return { file: this.#file };
    const before = this.#text.slice(0, at);
    const line = before.split('\n').length;
    return { file: this.#file, line, column: at - before.lastIndexOf('\n') };
  }
}

type JsonObject = Readonly<Record<string, Json>>;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list; other entries, and what is no list, are passed over. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? (value as Json[]).filter(isObject) : [];
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
