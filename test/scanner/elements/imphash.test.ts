import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { imphashOf } from '../../../scanner/elements/imphash.js';
import { windowsProgram } from '../../support/pe.js';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

describe('import hash', () => {
  test.each([false, true])('of names, in order, without the ending of the library (64 bits: %s)', (is64) => {
    expect(imphashOf(windowsProgram('KERNEL32.dll', ['ExitProcess', 'Sleep'], is64))).toBe(
      md5('kernel32.exitprocess,kernel32.sleep'),
    );
    expect(imphashOf(windowsProgram('Odd.drv', ['A'], is64))).toBe(md5('odd.drv.a'));
  });

  test.each([false, true])('of numbers: by name where the library is known (64 bits: %s)', (is64) => {
    expect(imphashOf(windowsProgram('WS2_32.dll', ['3', '115'], is64))).toBe(
      md5('ws2_32.closesocket,ws2_32.wsastartup'),
    );
    expect(imphashOf(windowsProgram('OLEAUT32.dll', ['6'], is64))).toBe(md5('oleaut32.sysfreestring'));
    expect(imphashOf(windowsProgram('mfc42.dll', ['17'], is64))).toBe(md5('mfc42.ord17'));
  });

  test('no hash of what is no program, imports nothing, or is damaged', () => {
    const program = windowsProgram('KERNEL32.dll', ['ExitProcess']);
    expect(imphashOf(Buffer.from('MZ'))).toBeNull();
    expect(imphashOf(Buffer.alloc(4096))).toBeNull();
    for (let length = 0; length < 0x220; length += 7) expect(imphashOf(program.subarray(0, length))).toBeNull();
    for (let at = 0x40; at < program.length - 4; at++) {
      const damaged = Buffer.from(program);
      damaged.fill(0xff, at, at + 4);
      expect(() => imphashOf(damaged)).not.toThrow();
    }
  });
});
