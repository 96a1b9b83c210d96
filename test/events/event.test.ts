import { describe, expect, test } from 'vitest';
import { EventShape, FlatEvent } from '../../events/event.js';

const shape = new EventShape(['Channel', 'EventID', 'Threat Name', 'image', 'Image']);
const event = new FlatEvent(shape, ['Security', 4624, 'Eicar', 'a.exe', undefined], 0, 'a.evtx');

describe('the names of an event', () => {
  test.each([
    ['EventID', 4624],
    ['eventid', 4624],
    ['ThreatName', 'Eicar'],
    ['threat name', 'Eicar'],
    ['IMAGE', 'a.exe'],
    ['image', 'a.exe'],
  ])('%s finds its field whatever case and blanks', (name, value) => expect(event.get(name)).toBe(value));

  test('the exact spelling wins over one that folds alike', () => {
    expect(shape.slotOf('Image')).toBe(4);
    expect(event.get('Image')).toBeUndefined();
  });

  test('an unknown name has no slot and no value', () => {
    expect(shape.slotOf('Imag')).toBe(-1);
    expect(event.get('Imag')).toBeUndefined();
    expect(event.get('__proto__')).toBeUndefined();
  });

  test('names lose their blanks', () => expect(shape.names).toContain('ThreatName'));
});

describe('what every reader knows', () => {
  test('comes from the fields', () => {
    expect(event.channel).toBe('Security');
    expect(event.eventId).toBe(4624);
    expect(event.provider).toBeNull();
    expect(event.recordId).toBeNull();
  });

  test('a number may be text, and of several values the first counts', () => {
    const other = new FlatEvent(
      new EventShape(['EventID', 'Channel', 'EventRecordID']),
      ['104', ['System', 'Application'], '18446744073709551615'],
      null,
      'b',
    );
    expect(other.eventId).toBe(104);
    expect(other.channel).toBe('System');
    expect(other.recordId).toBeNull();
  });
});

describe('text for keywords', () => {
  test('is all values, one a line, without absent and empty ones', () => {
    const other = new FlatEvent(new EventShape(['a', 'b', 'c', 'd', 'e']), ['x', ['y', 'z'], null, '', 5], null, 's');
    expect(other.text).toBe('x\ny\nz\n5');
  });

  test('is the raw line where there is one', () => {
    expect(new FlatEvent(new EventShape([]), [], null, 's', 'the line').text).toBe('the line');
  });
});

test('fields leaves out what the event does not have, and holds any name', () => {
  const other = new FlatEvent(new EventShape(['a', '__proto__', 'b']), [1, 2, undefined], null, 's');
  expect(Object.entries(other.fields())).toEqual([
    ['a', 1],
    ['__proto__', 2],
  ]);
});
