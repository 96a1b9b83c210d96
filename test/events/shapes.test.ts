import { expect, test } from 'vitest';
import { arrange, ShapeTable } from '../../events/shapes.js';

test('the same names give the same shape, others another', () => {
  const shapes = new ShapeTable();
  const shape = shapes.layoutOf(['a', 'b']).shape;
  expect(shapes.layoutOf(['a', 'b']).shape).toBe(shape);
  expect(shapes.layoutOf(['b', 'a']).shape).not.toBe(shape);
});

test('values of a name that comes several times become a list in its first place', () => {
  const layout = new ShapeTable().layoutOf(['a', 'b', 'a', 'a']);
  expect(layout.shape.names).toEqual(['a', 'b']);
  expect(arrange(layout, [1, 2, ['x', 'y'], undefined])).toEqual([[1, 'x', 'y'], 2]);
  expect(arrange(layout, [undefined, undefined, 3, undefined])).toEqual([3, undefined]);
});

test('the table forgets rather than grows without end', () => {
  const shapes = new ShapeTable();
  const first = shapes.layoutOf(['first']).shape;
  for (let kind = 0; kind < 5000; kind++) shapes.layoutOf([`name ${kind}`]);
  const again = shapes.layoutOf(['first']).shape;
  expect(again).not.toBe(first);
  expect(again.names).toEqual(['first']);
});
