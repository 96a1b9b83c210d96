import {
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  type SelectQueryNode,
  type UnknownRow,
} from 'kysely';

/**
 * SQLite has one writer at a time and no word for row locks: `for update` and `for share` hold already, and are left out
 * of what it is told.
 */
export class SingleWriter implements KyselyPlugin {
  readonly #transformer = new WithoutRowLocks();

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    return this.#transformer.transformNode(node, queryId);
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result);
  }
}

class WithoutRowLocks extends OperationNodeTransformer {
  protected override transformSelectQuery(...given: Parameters<OperationNodeTransformer['transformSelectQuery']>) {
    const node: { -readonly [K in keyof SelectQueryNode]: SelectQueryNode[K] } = {
      ...super.transformSelectQuery(...given),
    };
    delete node.endModifiers;
    return node;
  }
}
