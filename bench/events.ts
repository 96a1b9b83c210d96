/** Seeded events of a Windows host: mostly Sysmon, some Security and PowerShell. */
import { guid, integer, text, type EvtxValue } from './evtx-values.js';
import type { EvtxRecord } from './evtx-writer.js';
import { type BenchEvent, type BenchValue, computer, mix } from './event-kinds.js';
import { Random } from './random.js';

/** The same events for the same seed, one a few milliseconds after the other. */
export function* benchEvents(count: number, seed = 1): Generator<BenchEvent> {
  const random = new Random(seed);
  let timeMs = Date.UTC(2026, 0, 5, 8);
  for (let recordId = 1; recordId <= count; recordId++) {
    let share = random.below(100);
    const [, make] = mix.find(([of]) => (share -= of) < 0) ?? mix[0] ?? [];
    if (make) yield { ...make(random), recordId, timeMs: (timeMs += random.below(40)) };
  }
}

export function evtxRecordOf({ data, ...event }: BenchEvent): EvtxRecord {
  return { ...event, computer, userSid: 'S-1-5-18', data: data.map(([name, value]) => [name, evtxValueOf(value)]) };
}

function evtxValueOf(value: BenchValue): EvtxValue {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return integer(value, 4);
  return 'hex' in value ? integer(value.hex, 8, true) : guid(value.guid);
}

/** As `evtx_dump -o jsonl` writes it. */
export function jsonLineOf({ data, provider, providerGuid, ...event }: BenchEvent): string {
  const system = {
    Provider: { '#attributes': { Name: provider, Guid: providerGuid } },
    EventID: event.eventId,
    Version: 1,
    Level: 4,
    Task: 0,
    Opcode: 0,
    Keywords: '0x8000000000000000',
    TimeCreated: { '#attributes': { SystemTime: new Date(event.timeMs).toISOString() } },
    EventRecordID: event.recordId,
    Correlation: null,
    Execution: { '#attributes': { ProcessID: 4, ThreadID: 8 } },
    Channel: event.channel,
    Computer: computer,
    Security: { '#attributes': { UserID: 'S-1-5-18' } },
  };
  const fields = Object.fromEntries(data.map(([name, value]) => [name, jsonValueOf(value)]));
  return `${JSON.stringify({ Event: { System: system, EventData: fields } })}\n`;
}

/** The fields on one level, as a shipper of logs may send them. */
export function plainLineOf({ data, provider, ...event }: BenchEvent): string {
  const system = {
    EventID: event.eventId,
    Channel: event.channel,
    Provider_Name: provider,
    Computer: computer,
    EventRecordID: event.recordId,
    TimeCreated: new Date(event.timeMs).toISOString(),
  };
  const fields = Object.fromEntries(data.map(([name, value]) => [name, jsonValueOf(value)]));
  return `${JSON.stringify({ ...system, ...fields })}\n`;
}

function jsonValueOf(value: BenchValue): string | number {
  if (typeof value !== 'object') return value;
  return 'hex' in value ? `0x${value.hex.toString(16)}` : value.guid;
}
