import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { Type as TypeBox } from 'typebox'
import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { defaultSettings } from '../../src/cli/default-settings.ts'
import { filledIn } from '../../src/cli/filled-in.ts'
import { Type } from '../../src/cli/schema-words.ts'
import { complaintsAbout, loadSettings } from '../../src/cli/settings.ts'
import { layersOf, type Tree } from '../../src/cli/settings-layers.ts'
import { type KeySchema, keysOf, SETTINGS } from '../../src/cli/settings-words.ts'

const unchecked = (environment: Record<string, string>, overrides: Tree = {}, config?: string) =>
  defaultSettings(layersOf(environment, { config, overrides }))

test('where nothing is set, or the data folder alone, the settings are those that would have been checked', () => {
  const unset = { data: { path: undefined }, api: { host: undefined, port: undefined } }
  expect(unchecked({}, unset)).toEqual(loadSettings({}))
  const overrides = { ...unset, data: { path: '/var/lib/whohad' } }
  expect(unchecked({ WHOHAD_URL: 'http://127.0.0.1:1', PATH: '/bin' }, overrides)).toEqual(
    loadSettings({}, { overrides }),
  )
})

test.each([
  ['a variable', {}, { WHOHAD_DATA__PATH: '/a' }],
  ['a variable that is no key', {}, { WHOHAD_DATA__PATHS: '/a' }],
  ['a port', { api: { port: 1 } }, {}],
  ['an empty data folder', { data: { path: '' } }, {}],
])('with %s they are checked', (_what, overrides, environment) => {
  expect(unchecked(environment, overrides)).toBeUndefined()
})

test('with a file they are checked, whatever it says', () => {
  expect(unchecked({}, {}, 'whohad.example.yaml')).toBeUndefined()
})

/** Trees with some keys of the schema and some values of any kind, right and wrong. */
function treeOf(schema: KeySchema): fc.Arbitrary<unknown> {
  const keys = Object.entries(keysOf(schema))
  const anything = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.constant([]),
    fc.constant({}),
  )
  if (schema.items)
    return fc.oneof({ weight: 4, arbitrary: fc.array(treeOf(schema.items), { maxLength: 2 }) }, anything)
  if (keys.length === 0) return anything
  const known = Object.fromEntries(keys.map(([key, inner]) => [key, treeOf(inner)]))
  return fc.oneof({ weight: 9, arbitrary: fc.record(known, { requiredKeys: [] }) }, anything)
}

/** The same schema by TypeBox's own builders. */
function rebuilt(schema: KeySchema & { readonly patternProperties?: Record<string, KeySchema> }): object {
  const { type, items, properties, anyOf, required = [], patternProperties, ...options } = schema
  if (anyOf) return TypeBox.Union(anyOf.map(rebuilt), options)
  if (items) return TypeBox.Array(rebuilt(items), options)
  if (patternProperties)
    return TypeBox.Record(TypeBox.String(), rebuilt(Object.values(patternProperties)[0] ?? {}), options)
  if (properties) {
    const built = Object.entries(properties).map(([key, inner]) => {
      const one = rebuilt(inner)
      return [key, required.includes(key) ? one : TypeBox.Optional(one)]
    })
    return TypeBox.Object(Object.fromEntries(built), options)
  }
  if ('const' in schema) return TypeBox.Literal(String(schema.const), options)
  return { ...TypeBox.Unsafe({ type, ...options }) }
}

test('defaults are filled in as TypeBox fills them in', () => {
  const schema = rebuilt(SETTINGS)
  expect(JSON.parse(JSON.stringify(schema))).toEqual(JSON.parse(JSON.stringify(SETTINGS)))
  fc.assert(
    fc.property(treeOf(SETTINGS), tree => {
      const [ours, theirs] = [filledIn(SETTINGS, structuredClone(tree)), Value.Default(schema, structuredClone(tree))]
      expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs))
      expect(complaintsAbout(ours)).toEqual(complaintsAbout(theirs, schema))
    }),
    { numRuns: 200 },
  )
})

test('schemas are written as TypeBox writes them', () => {
  const written = (type: typeof Type) =>
    type.Object(
      {
        text: type.String({ minLength: 1 }),
        list: type.Array(type.Union([type.Literal('a'), type.Literal(1)], { default: 'a' }), { minItems: 1 }),
        more: type.Optional(type.Integer({ maximum: 3 })),
        map: type.Record(type.String(), type.Number(), { description: 'any names' }),
        none: type.Object({ flag: type.Optional(type.Boolean()) }, { default: {} }),
      },
      { additionalProperties: false },
    )
  expect(JSON.stringify(written(Type))).toBe(JSON.stringify(written(TypeBox)))
})

/** Packages that are loaded with a source file: what it imports, and what those import, types and `import()` aside. */
function packagesOf(path: string, seen = new Set<string>(), packages = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return packages
  seen.add(path)
  const imports = /^(?:import|export) (?!type )(?:[^'"]*? from )?'([^']+)'/gm
  for (const [, from = ''] of readFileSync(path, 'utf8').matchAll(imports)) {
    if (from.startsWith('.')) packagesOf(join(path, '..', from), seen, packages)
    else if (!from.startsWith('node:')) packages.add(from)
  }
  return packages
}

test('a question of a data folder loads the command line and Avro, and no other package', () => {
  const loaded = ['main.ts', 'ask-command.ts'].flatMap(name => [...packagesOf(join('src/cli', name))])
  expect(new Set(loaded)).toEqual(new Set(['commander', 'avsc']))
})
