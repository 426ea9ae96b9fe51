import type { Type as TypeBox } from 'typebox'

/** Those of TypeBox's builders in which the settings' schema is written. */
type Builders = Pick<
  typeof TypeBox,
  'Array' | 'Boolean' | 'Integer' | 'Literal' | 'Number' | 'Object' | 'Optional' | 'Record' | 'String' | 'Union'
>
type Schema = object

const optional = new WeakSet<Schema>()

function requiredOf(properties: Readonly<Record<string, Schema>>): { readonly required?: readonly string[] } {
  const required = Object.keys(properties).filter(key => !optional.has(properties[key] ?? {}))
  return required.length > 0 ? { required } : {}
}

const builders = {
  Array: (items: Schema, options?: Schema) => ({ type: 'array', items, ...options }),
  Boolean: (options?: Schema) => ({ type: 'boolean', ...options }),
  Integer: (options?: Schema) => ({ type: 'integer', ...options }),
  Literal: (value: unknown, options?: Schema) => ({ type: typeof value, const: value, ...options }),
  Number: (options?: Schema) => ({ type: 'number', ...options }),
  Object: (properties: Readonly<Record<string, Schema>>, options?: Schema) => ({
    type: 'object',
    ...requiredOf(properties),
    properties,
    ...options,
  }),
  Optional(schema: Schema) {
    const copy = { ...schema }
    optional.add(copy)
    return copy
  },
  /** The keys may be any text. */
  Record: (_key: Schema, value: Schema, options?: Schema) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  String: (options?: Schema) => ({ type: 'string', ...options }),
  Union: (anyOf: readonly Schema[], options?: Schema) => ({ anyOf, ...options }),
}

/**
 * Builders with the types of TypeBox's own, so that `Static` infers the same. What they build is the plain JSON Schema alone: TypeBox
 * itself takes longer to load than most questions take to answer, and its checks read JSON Schema as well.
 */
export const Type = builders as unknown as Builders
