import { describe, expect, test } from 'vitest';
import type { Json } from '../../base/json.js';
import { eventObjects } from '../../events/json-objects.js';
import { jsonFields } from '../../events/json-fields.js';
import { expectCode } from '../support/expect-code.js';

const fieldsOf = (object: Record<string, Json>) => Object.fromEntries(jsonFields(object).fields);

describe('evtx_dump', () => {
  const system = {
    Provider: { '#attributes': { Name: 'P', Guid: 'G' } },
    EventID: { '#attributes': { Qualifiers: 16384 }, '#text': 7000 },
    Keywords: '0x80',
    TimeCreated: { '#attributes': { SystemTime: '2025-01-02T03:04:05.678901Z' } },
    Correlation: null,
    Channel: 'Application',
  };

  test('System attributes are joined with _, data have their names', () => {
    const event = {
      '#attributes': { xmlns: 'x' },
      System: system,
      EventData: { Image: 'a.exe', Size: 5, Empty: null },
    };
    expect(fieldsOf({ Event: event })).toEqual({
      Provider_Name: 'P',
      Provider_Guid: 'G',
      EventID: 7000,
      EventID_Qualifiers: 16384,
      Keywords: '0x80',
      TimeCreated_SystemTime: '2025-01-02T03:04:05.678901Z',
      Channel: 'Application',
      Image: 'a.exe',
      Size: 5,
      Empty: null,
    });
    expect(jsonFields({ Event: event }).timeMs).toBe(Date.UTC(2025, 0, 2, 3, 4, 5, 678));
  });

  test.each([
    ['a list under #text', { Data: { '#text': ['a', 'b'] } }],
    ['a bare list', { Data: ['a', 'b'] }],
    ['a list of objects', { Data: [{ '#text': 'a' }, { '#text': 'b' }] }],
  ])('unnamed data: %s', (_name, data) => {
    expect(fieldsOf({ Event: { System: { EventID: 1 }, EventData: data } })).toEqual({ EventID: 1, Data: ['a', 'b'] });
  });

  test('user data have the innermost names', () => {
    const user = { Cleared: { '#attributes': { xmlns: 'x', kind: 'k' }, Channel: 'Security', More: { Deep: 1 } } };
    expect(fieldsOf({ Event: { System: { Channel: 'System' }, UserData: user } })).toEqual({
      Channel: ['System', 'Security'],
      Cleared_kind: 'k',
      Deep: 1,
    });
  });

  test('attributes may stand apart', () => {
    const event = { System: { Provider_attributes: { Name: 'P' }, EventID: 1 } };
    expect(fieldsOf({ Event: event })).toEqual({ Provider_Name: 'P', EventID: 1 });
  });

  test('an Event without System is an object like others', () => {
    expect(fieldsOf({ Event: { x: 1 } })).toEqual({ 'Event.x': 1 });
  });
});

describe('Winlogbeat', () => {
  test('has event data by their plain names and System fields by those of Sigma', () => {
    const fields = fieldsOf({
      '@timestamp': '2025-01-02T03:04:05.678Z',
      winlog: {
        channel: 'Security',
        event_id: '4624',
        provider_name: 'P',
        computer_name: 'host',
        record_id: 9,
        process: { pid: 4, thread: { id: 8 } },
        event_data: { TargetUserName: 'u', param1: 'x', param2: 'y' },
      },
      host: { name: 'h' },
    });
    expect(fields).toMatchObject({
      Channel: 'Security',
      EventID: '4624',
      Provider_Name: 'P',
      Computer: 'host',
      EventRecordID: 9,
      Execution_ProcessID: 4,
      Execution_ThreadID: 8,
      TargetUserName: 'u',
      Data: ['x', 'y'],
      'host.name': 'h',
      'winlog.event_data.TargetUserName': 'u',
    });
  });
});

describe('plain fields', () => {
  test('stay as they are, nested ones joined with dots, lists together', () => {
    expect(
      fieldsOf({
        eventName: 'x',
        userIdentity: { type: 'Root', roles: [{ id: 1 }, { id: 2 }] },
        tags: ['a', 'b'],
        none: [],
      }),
    ).toEqual({
      eventName: 'x',
      'userIdentity.type': 'Root',
      'userIdentity.roles.id': [1, 2],
      tags: ['a', 'b'],
      none: [],
    });
  });

  test('other names for System fields count where the own ones are missing', () => {
    expect(fieldsOf({ LogName: 'Security', ProviderName: 'P', Id: 1, MachineName: 'm' })).toMatchObject({
      Channel: 'Security',
      Provider_Name: 'P',
      Computer: 'm',
    });
    expect(fieldsOf({ Channel: 'own', LogName: 'other' })['Channel']).toBe('own');
  });

  test('the time is the first that can be read', () => {
    expect(jsonFields({ timestamp: 'soon', time: 1735787045 }).timeMs).toBe(1735787045000);
    expect(jsonFields({ a: 1 }).timeMs).toBeNull();
  });

  test('names of JavaScript itself are names like others', () => {
    const { fields } = jsonFields(JSON.parse('{"__proto__":{"x":1},"constructor":2}') as Record<string, Json>);
    expect([...fields]).toEqual([
      ['__proto__.x', 1],
      ['constructor', 2],
    ]);
  });

  test('too many values are refused', async () => {
    expect(jsonFields({ a: Array<number>(8192).fill(1) }).fields.get('a')).toHaveLength(8192);
    await expectCode('json-too-many-fields', () => jsonFields({ a: Array<number>(8193).fill(1) }));
  });
});

test('names longer than 1024 units, with those around them, are refused', async () => {
  expect(jsonFields({ ['a'.repeat(512)]: { ['b'.repeat(511)]: 1 } }).fields.size).toBe(1);
  await expectCode('json-name', () => jsonFields({ ['a'.repeat(512)]: { ['b'.repeat(512)]: 1 } }));
});

test('a CloudTrail file is one object with all its records', () => {
  expect(eventObjects({ Records: [{ a: 1 }, { a: 2 }] })).toEqual([{ a: 1 }, { a: 2 }]);
  expect(eventObjects({ Records: [1] })).toEqual([{ Records: [1] }]);
});
