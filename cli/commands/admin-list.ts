import { type Command, Option } from 'commander';
import { adminAccess, adminCommand, type AdminOptions, listAll, printList, segment } from './admin-client.js';

/** What can be asked of a list: its address, and the parameters that the server knows. */
export interface AdminList {
  readonly path: string;
  readonly columns: readonly string[];
  readonly filters?: Filters;
  /** What it can be ordered by. */
  readonly sorts?: readonly string[];
}

/** Option → parameter of the call, what stands behind the option (nothing: a switch), and what it says. */
export type Filters = Readonly<Record<string, readonly [parameter: string, value: string | null, description: string]>>;

export const filterOf = {
  customer: ['customerId', '<id>', 'only those of a customer'],
  license: ['licenseId', '<id>', 'only those of a license'],
  search: ['q', '<words>', 'only those with these words in the name'],
  feature: ['feature', '<name>', 'only those of a feature'],
} as const satisfies Filters;

export type ListOptions = AdminOptions & Readonly<Record<string, unknown>>;

/** A command that prints a list whole, page by page as it comes. */
export function listCommand(group: Command, description: string, list: AdminList): void {
  withFilters(adminCommand(group, 'list', description), list).action(async (options: ListOptions) => {
    printList(await listAll(adminAccess(options), list.path, queryOf(list, options)), list.columns, options);
  });
}

export function withFilters(
  command: Command,
  { filters = {}, sorts = [] }: Omit<AdminList, 'path' | 'columns'>,
): Command {
  for (const [name, [, value, description]] of Object.entries(filters))
    command.option(`--${name}${value === null ? '' : ` ${value}`}`, description);
  if (sorts.length > 0)
    command.addOption(
      new Option('--sort <order>', 'the order; with - in front the other way round').choices([
        ...sorts,
        ...sorts.map((name) => `-${name}`),
      ]),
    );
  return command;
}

export function queryOf({ filters = {} }: Pick<AdminList, 'filters'>, options: ListOptions): string {
  const asked = Object.entries(filters).map(([name, [parameter]]) => [parameter, options[memberOf(name)]] as const);
  return [...asked, ['sort', options['sort']] as const]
    .filter(([, value]) => value !== undefined)
    .map(([parameter, value]) => `${parameter}=${segment(String(value))}`)
    .join('&');
}

/** As commander names it: `not-seen-since` is `notSeenSince`. */
function memberOf(option: string): string {
  return option.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
