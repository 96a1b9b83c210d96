import { LiteralSearch } from '../ioc/literal-search.js';

/** How a literal must stand in the text. */
export type LiteralPlace = 'contains' | 'words' | 'startsWith' | 'endsWith';

interface PlacedLiteral {
  readonly place: LiteralPlace;
  readonly condition: number;
}

/** Finds in one pass over a text which conditions any of their literals fulfils. Text and literals are lower case. */
export class LiteralIndex {
  readonly #search: LiteralSearch<PlacedLiteral>;

  constructor(literals: readonly (readonly [literal: string, place: LiteralPlace, condition: number])[]) {
    this.#search = new LiteralSearch(
      literals.map(([literal, place, condition]) => [literal, { place, condition }] as const),
    );
  }

  get size(): number {
    return this.#search.size;
  }

  find(text: string, onCondition: (condition: number) => void): void {
    for (const { value, start, end } of this.#search.find(text))
      if (stands(value.place, text, start, end)) onCondition(value.condition);
  }
}

function stands(place: LiteralPlace, text: string, start: number, end: number): boolean {
  switch (place) {
    case 'contains':
      return true;
    case 'startsWith':
      return start === 0;
    case 'endsWith':
      return end === text.length;
    case 'words':
      return !isWordCharacter(text.charCodeAt(start - 1)) && !isWordCharacter(text.charCodeAt(end));
  }
}

/** Letters, digits, and whatever is no ASCII; `NaN`, beyond either end, is none. */
function isWordCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code >= 0x80;
}
