import { isTree } from './settings-layers.ts'
import type { KeySchema } from './settings-words.ts'

/**
 * A tree with the schema's defaults wherever it says nothing. What is there stays, also where it is wrong: the check complains
 * about it. The tree itself is filled. Defaults within the forms of an `anyOf` are not looked for: there are none.
 */
export function filledIn(schema: KeySchema, given: unknown): unknown {
  const value = given === undefined ? structuredClone(schema.default) : given
  const { items, properties } = schema
  if (items && Array.isArray(value)) for (const [i, item] of value.entries()) value[i] = filledIn(items, item)
  if (properties && isTree(value)) {
    for (const [key, inner] of Object.entries(properties)) {
      const filled = filledIn(inner, value[key])
      if (filled !== undefined) value[key] = filled
    }
  }
  return value
}
