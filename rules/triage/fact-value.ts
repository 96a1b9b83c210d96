/** Text facts can have several values, where an event names several paths or categories. */
export type FactValue = string | number | readonly string[];

/** What an event says, by the name of the fact; what it does not say is not in it. */
export type Facts = Map<string, FactValue>;

/** `-` is how logs write that there is nothing. */
export function isEmptyFact(value: FactValue | undefined): boolean {
  return value === undefined || value === '' || value === '-' || (Array.isArray(value) && value.length === 0);
}

/** All texts of a fact that say something. */
export function textsOf(value: FactValue | undefined): readonly string[] {
  if (typeof value === 'string') return isEmptyFact(value) ? [] : [value];
  return typeof value === 'object' ? value.filter((text) => !isEmptyFact(text)) : [];
}
