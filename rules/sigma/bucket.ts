import { isList, type EventView } from './event-view.js';
import { GramIndex, type Needle } from './gram-index.js';
import { isMatch, type Matcher } from './matcher.js';
import { foldCase } from './pattern.js';
import type { Clause, Witness } from './witness.js';

/** A rule in a bucket: its matcher and the clauses one of which an event must hold before the matcher is asked. */
export interface BucketRule {
  readonly matcher: Matcher;
  readonly clauses: readonly Clause[];
}

/** Who asks for a witness: the number of the clause and, in five bits, of its group. */
type Postings = Int32Array;

interface FieldIndex {
  readonly field: number;
  readonly present: Postings | null;
  readonly equals: ReadonlyMap<string, Postings> | null;
  readonly needles: NeedleIndex | null;
}

/**
 * The rules that events of one kind go to. A pass over the event's fields finds the witnesses it holds; a rule with a
 * clause whose groups are all held is a candidate, and only candidates are matched.
 */
export class Bucket {
  readonly #rules: readonly BucketRule[];
  readonly #fields: readonly FieldIndex[];
  readonly #message: NeedleIndex | null;
  /** Rules without a witness are always candidates. */
  readonly #open: readonly number[];
  /** By clause: its rule, all its group bits, those held in the turn that `seen` tells. */
  readonly #ruleOf: Int32Array;
  readonly #full: Int32Array;
  readonly #held: Int32Array;
  readonly #seen: Int32Array;
  /** By rule: the turn in which it last became a candidate. */
  readonly #taken: Int32Array;
  /** By slot of the event: the turn in which its value was scanned with a field's needles. */
  #scanned = new Int32Array(0);
  readonly #candidates: number[] = [];
  #turn = 0;

  constructor(rules: readonly BucketRule[]) {
    this.#rules = rules;
    const clauses = rules.flatMap((rule, number) => rule.clauses.map((clause) => ({ clause, number })));
    this.#ruleOf = Int32Array.from(clauses, ({ number }) => number);
    this.#full = Int32Array.from(clauses, ({ clause }) => (1 << clause.length) - 1);
    this.#held = new Int32Array(clauses.length);
    this.#seen = new Int32Array(clauses.length);
    this.#taken = new Int32Array(rules.length);
    this.#open = [...rules.keys()].filter((rule) => rules[rule]?.clauses.some((clause) => clause.length === 0));
    const { fields, message } = collectWitnesses(clauses.map(({ clause }) => clause));
    for (const { needles } of fields.values())
      if (needles.size > 0)
        for (const { needle, postings } of message.values())
          for (const posting of postings) addNeedle(needles, needle, posting);
    this.#fields = [...fields].map(([field, witnesses]) => ({
      field,
      present: witnesses.present.length > 0 ? Int32Array.from(witnesses.present) : null,
      equals: witnesses.equals.size > 0 ? mapPostings(witnesses.equals) : null,
      needles: witnesses.needles.size > 0 ? makeNeedleIndex(witnesses.needles) : null,
    }));
    this.#message = message.size > 0 ? makeNeedleIndex(message) : null;
  }

  /** The numbers of the rules that the shown event matches. */
  match(view: EventView): number[] {
    const matches: number[] = [];
    for (const rule of this.candidates(view)) {
      const candidate = this.#rules[rule];
      if (candidate && isMatch(candidate.matcher, view)) matches.push(rule);
    }
    return matches;
  }

  /** Valid until the next call. */
  candidates(view: EventView): readonly number[] {
    this.#candidates.length = 0;
    if (this.#turn === maxTurn) this.#forget();
    this.#turn++;
    for (const rule of this.#open) this.#candidates.push(rule);
    for (const index of this.#fields) {
      const text = view.foldedText(index.field);
      if (text !== undefined) this.#lookUp(index, text);
      else this.#lookUpOther(index, view);
    }
    if (this.#message) this.#scanMessage(this.#message, view);
    return this.#candidates;
  }

  #forget(): void {
    for (const turns of [this.#seen, this.#taken, this.#scanned]) turns.fill(0);
    for (const { needles } of this.#fields) needles?.index.forget();
    this.#message?.index.forget();
    this.#turn = 0;
  }

  #lookUp(index: FieldIndex, text: string): void {
    if (index.present) this.#hold(index.present);
    const postings = index.equals?.get(text);
    if (postings) this.#hold(postings);
    if (index.needles) this.#scan(index.needles, text);
  }

  #lookUpOther(index: FieldIndex, view: EventView): void {
    const value = view.value(index.field);
    if (value === undefined) return;
    if (index.present) this.#hold(index.present);
    if (!isList(value)) return;
    for (const entry of value) if (entry !== null) this.#lookUp(index, foldCase(String(entry)));
  }

  /**
   * Needles have no line ends, which join the values of a message, so that each stands within one value. The needles of
   * the message are among those of every field too, whose values need no second pass.
   */
  #scanMessage(message: NeedleIndex, view: EventView): void {
    if (view.event.line !== null) {
      this.#scan(message, view.foldedMessage);
      return;
    }
    const { values } = view.event;
    if (this.#scanned.length < values.length) this.#scanned = new Int32Array(2 * values.length);
    for (const { field, needles } of this.#fields) {
      const slot = view.slot(field);
      if (needles && slot >= 0) this.#scanned[slot] = this.#turn;
    }
    for (let slot = 0; slot < values.length; slot++) {
      if (this.#scanned[slot] === this.#turn) continue;
      const text = view.foldedSlot(slot);
      const value = values[slot];
      if (text !== undefined) this.#scan(message, text);
      else if (value !== undefined && isList(value))
        for (const entry of value) if (entry !== null) this.#scan(message, foldCase(String(entry)));
    }
  }

  #scan({ index, postings }: NeedleIndex, text: string): void {
    const count = index.scan(text, this.#turn);
    for (let at = 0; at < count; at++) this.#hold(postings[index.found[at] ?? 0] ?? none);
  }

  #hold(postings: Postings): void {
    const turn = this.#turn;
    for (const posting of postings) {
      const clause = posting >>> groupBits;
      const bit = 1 << (posting & groupMask);
      const held = this.#seen[clause] === turn ? (this.#held[clause] ?? 0) | bit : bit;
      this.#seen[clause] = turn;
      this.#held[clause] = held;
      if (held === this.#full[clause]) this.#take(this.#ruleOf[clause] ?? 0);
    }
  }

  #take(rule: number): void {
    if (this.#taken[rule] === this.#turn) return;
    this.#taken[rule] = this.#turn;
    this.#candidates.push(rule);
  }
}

const maxTurn = 0x7fffffff;
const groupBits = 5;
const groupMask = (1 << groupBits) - 1;
const none: Postings = new Int32Array(0);

interface NeedleIndex {
  readonly index: GramIndex;
  readonly postings: readonly Postings[];
}

interface FieldWitnesses {
  readonly present: number[];
  readonly equals: Map<string, number[]>;
  readonly needles: Map<string, NeedlePostings>;
}

interface NeedlePostings {
  readonly needle: Needle;
  readonly postings: number[];
}

function collectWitnesses(clauses: readonly Clause[]): {
  fields: Map<number, FieldWitnesses>;
  message: Map<string, NeedlePostings>;
} {
  const fields = new Map<number, FieldWitnesses>();
  const message = new Map<string, NeedlePostings>();
  clauses.forEach((clause, clauseNumber) =>
    clause.forEach((group, number) => {
      const posting = (clauseNumber << groupBits) | number;
      for (const witness of group) addWitness(fields, message, witness, posting);
    }),
  );
  return { fields, message };
}

function addWitness(
  fields: Map<number, FieldWitnesses>,
  message: Map<string, NeedlePostings>,
  witness: Witness,
  posting: number,
): void {
  if (witness.kind === 'needle' && witness.field === null) {
    addNeedle(message, witness, posting);
    return;
  }
  if (witness.field === null) return;
  let field = fields.get(witness.field);
  if (!field) fields.set(witness.field, (field = { present: [], equals: new Map(), needles: new Map() }));
  if (witness.kind === 'present') field.present.push(posting);
  else if (witness.kind === 'needle') addNeedle(field.needles, witness, posting);
  else {
    const postings = field.equals.get(witness.text);
    if (postings) postings.push(posting);
    else field.equals.set(witness.text, [posting]);
  }
}

function addNeedle(needles: Map<string, NeedlePostings>, { text, place }: Needle, posting: number): void {
  const key = `${place} ${text}`;
  const known = needles.get(key);
  if (known) known.postings.push(posting);
  else needles.set(key, { needle: { text, place }, postings: [posting] });
}

function makeNeedleIndex(needles: ReadonlyMap<string, NeedlePostings>): NeedleIndex {
  const entries = [...needles.values()];
  return {
    index: new GramIndex(entries.map(({ needle }) => needle)),
    postings: entries.map(({ postings }) => Int32Array.from(postings)),
  };
}

function mapPostings(postings: ReadonlyMap<string, readonly number[]>): Map<string, Postings> {
  return new Map([...postings].map(([text, rules]) => [text, Int32Array.from(rules)]));
}
