/**
 * Which rules an event can match, without asking each.
 *
 * Every witness of every clause (see witness.ts) is filed by what it looks for: a field that is there, the whole text of
 * a field, a needle in a field, a needle in the message. One pass over the event finds the witnesses it has; each has
 * *postings*, which say of which clauses and groups it is. A group is a bit of its clause; when all bits are set, the
 * clause is met and its rule a candidate.
 *
 * **Soundness**: if an event meets a clause, its rule becomes a candidate. Every witness of the clause has a posting, and
 * every way by which an event can have it is looked at: `#lookUp` for a field with one value, `#lookUpOther` for lists and
 * for what has no text, `#scanMessage` for the message, which is all values (or the line). The needles of the message are
 * filed under each field with needles too, so that a value is scanned once. A rule with a clause that every event meets is
 * always a candidate. The marks of one event never count for the next: they carry the number of its pass, and before
 * numbers run out all are set back. Held by "the index agrees with asking every rule" in
 * test/rules/sigma/ruleset.test.ts and test/sigmahq/sigma-match.test.ts.
 *
 * **Packing**: a posting is `clause << 5 | group`. That needs groups below 32 (their bits fit a signed number, as there are
 * at most 30) and clauses below 2^26; both are asserted when a bucket is made.
 */
import assert from 'node:assert/strict';
import { isList, type EventView } from './event-view.js';
import { GramIndex, type Needle } from './gram-index.js';
import { isMatch, type Matcher } from './matcher.js';
import { foldCase } from './pattern.js';
import { type Clause, maxGroups, type Witness } from './witness.js';

/** A rule in a bucket: its matcher and the clauses one of which an event must meet before the matcher is asked. */
export interface BucketRule {
  readonly matcher: Matcher;
  readonly clauses: readonly Clause[];
}

/** Of which clauses and groups a witness is: see *Packing* above. */
type Postings = Int32Array;

interface FieldIndex {
  readonly field: number;
  readonly present: Postings | null;
  readonly equals: ReadonlyMap<string, Postings> | null;
  readonly needles: NeedleIndex | null;
}

/** The rules that events of one kind go to. */
export class Bucket {
  readonly #rules: readonly BucketRule[];
  readonly #fields: readonly FieldIndex[];
  readonly #message: NeedleIndex | null;
  /** Rules without a witness are always candidates. */
  readonly #always: readonly number[];
  /** By clause: its rule, the bits of all its groups, those met in the pass that `metIn` tells. */
  readonly #ruleOf: Int32Array;
  readonly #full: Int32Array;
  readonly #met: Int32Array;
  readonly #metIn: Int32Array;
  /** By rule: the pass in which it last became a candidate. */
  readonly #candidateIn: Int32Array;
  /** By slot of the event: the pass in which its value was scanned with a field's needles. */
  #scannedIn = new Int32Array(0);
  readonly #candidates: number[] = [];
  #pass = 0;

  constructor(rules: readonly BucketRule[]) {
    this.#rules = rules;
    const clauses = rules.flatMap((rule, number) => rule.clauses.map((clause) => ({ clause, number })));
    assert(clauses.length < maxPostedClauses, `bucket: ${clauses.length} clauses do not fit a posting`);
    for (const { clause } of clauses) assert(clause.length <= maxGroups, `bucket: a clause of ${clause.length} groups`);
    this.#ruleOf = Int32Array.from(clauses, ({ number }) => number);
    this.#full = Int32Array.from(clauses, ({ clause }) => (1 << clause.length) - 1);
    this.#met = new Int32Array(clauses.length);
    this.#metIn = new Int32Array(clauses.length);
    this.#candidateIn = new Int32Array(rules.length);
    this.#always = [...rules.keys()].filter((rule) => rules[rule]?.clauses.some((clause) => clause.length === 0));
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
    if (this.#pass === maxPass) this.#startOver();
    this.#pass++;
    for (const rule of this.#always) this.#candidates.push(rule);
    for (const index of this.#fields) {
      const text = view.foldedText(index.field);
      if (text !== undefined) this.#lookUp(index, text);
      else this.#lookUpOther(index, view);
    }
    if (this.#message) this.#scanMessage(this.#message, view);
    return this.#candidates;
  }

  #startOver(): void {
    for (const passes of [this.#metIn, this.#candidateIn, this.#scannedIn]) passes.fill(0);
    for (const { needles } of this.#fields) needles?.index.startOver();
    this.#message?.index.startOver();
    this.#pass = 0;
  }

  #lookUp(index: FieldIndex, text: string): void {
    if (index.present) this.#mark(index.present);
    const postings = index.equals?.get(text);
    if (postings) this.#mark(postings);
    if (index.needles) this.#scan(index.needles, text);
  }

  #lookUpOther(index: FieldIndex, view: EventView): void {
    const value = view.value(index.field);
    if (value === undefined) return;
    if (index.present) this.#mark(index.present);
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
    if (this.#scannedIn.length < values.length) this.#scannedIn = new Int32Array(2 * values.length);
    for (const { field, needles } of this.#fields) {
      const slot = view.slot(field);
      if (needles && slot >= 0) this.#scannedIn[slot] = this.#pass;
    }
    for (let slot = 0; slot < values.length; slot++) {
      if (this.#scannedIn[slot] === this.#pass) continue;
      const text = view.foldedSlot(slot);
      const value = values[slot];
      if (text !== undefined) this.#scan(message, text);
      else if (value !== undefined && isList(value))
        for (const entry of value) if (entry !== null) this.#scan(message, foldCase(String(entry)));
    }
  }

  #scan({ index, postings }: NeedleIndex, text: string): void {
    const count = index.scan(text, this.#pass);
    for (let at = 0; at < count; at++) this.#mark(postings[index.found[at] ?? 0] ?? none);
  }

  #mark(postings: Postings): void {
    const pass = this.#pass;
    for (const posting of postings) {
      const clause = posting >>> groupBits;
      const bit = 1 << (posting & groupMask);
      const met = this.#metIn[clause] === pass ? (this.#met[clause] ?? 0) | bit : bit;
      this.#metIn[clause] = pass;
      this.#met[clause] = met;
      if (met === this.#full[clause]) this.#addCandidate(this.#ruleOf[clause] ?? 0);
    }
  }

  #addCandidate(rule: number): void {
    if (this.#candidateIn[rule] === this.#pass) return;
    this.#candidateIn[rule] = this.#pass;
    this.#candidates.push(rule);
  }
}

const maxPass = 0x7fffffff;
const groupBits = 5;
const groupMask = (1 << groupBits) - 1;
const maxPostedClauses = 1 << (31 - groupBits);
assert(maxGroups <= groupMask, 'bucket: a number of a group fits its bits');
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
