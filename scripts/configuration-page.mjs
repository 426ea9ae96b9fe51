// Writes docs/configuration.md from the settings schema: npm run build && node scripts/configuration-page.mjs
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './prepare.mjs'

/** Keys that the schema leaves without a description. One that is in neither place stops the script. */
const MEANINGS = {
  'naming.rules[].rule':
    'tag: the first of `keys` that is not blank. asg-frigga: the application in the Auto Scaling group’s name. description: what an AWS service wrote on its own interface.',
}

const words = name => name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
const alternatives = schema => schema.anyOf ?? [schema]
const isConstant = schema => 'const' in schema
const isTable = schema => schema.type === 'object' && schema.properties !== undefined

function typeOf(schema) {
  if (schema.anyOf) {
    return schema.anyOf.every(isConstant)
      ? `one of ${schema.anyOf.map(({ const: value }) => value).join(', ')}`
      : 'mapping'
  }
  if (isConstant(schema)) return `\`${schema.const}\``
  switch (schema.type) {
    case 'array':
      return `list of ${plural(typeOf(schema.items))}`
    case 'object':
      return isTable(schema) ? 'mapping' : 'mapping of names to lists'
    case 'boolean':
      return 'true or false'
    case 'string':
      return schema.pattern ? `string like \`${schema.pattern}\`` : 'string'
    default:
      return `${schema.type}${rangeOf(schema)}`
  }
}

const plural = type => type.replace(/^(string|mapping)/, '$1s')

const rangeOf = ({ minimum, maximum }) =>
  minimum === undefined ? '' : maximum === undefined ? ` ≥ ${minimum}` : ` ${minimum} to ${maximum}`

/** The environment gives numbers, switches, words and lists of words, one level below a section. */
function variableOf(path, schema) {
  const takesText = schema.type === 'array' ? schema.items.type === 'string' : schema.type !== 'object'
  return path.length === 2 && takesText ? `WHOHAD_${path.map(words).join('__')}` : undefined
}

function rowsOf(path, schema, required) {
  const key = path.join('.')
  const meaning = schema.description ?? MEANINGS[key]
  if (meaning === undefined) throw new Error(`${key} is described neither in the schema nor in MEANINGS`)
  const fallback = schema.default === undefined ? undefined : JSON.stringify(schema.default)
  const variable = key.includes('[]') ? undefined : variableOf(path, schema)
  return [{ key, type: typeOf(schema), meaning, fallback, required, variable }, ...rowsWithin(path, schema)]
}

/** Keys of the mappings in a list, each once whichever form of the mapping has it. */
function rowsWithin(path, schema) {
  if (schema.type !== 'array') return []
  const within = [...path.slice(0, -1), `${path.at(-1)}[]`]
  const forms = alternatives(schema.items).filter(isTable)
  const names = [...new Set(forms.flatMap(form => Object.keys(form.properties)))]
  return names.flatMap(name => {
    const having = forms.filter(form => name in form.properties)
    const schemas = having.map(form => form.properties[name])
    const merged = schemas.length > 1 && schemas.every(isConstant) ? { anyOf: schemas } : schemas[0]
    return rowsOf(
      [...within, name],
      merged,
      having.some(({ required = [] }) => required.includes(name)),
    )
  })
}

/** Every key of the settings schema, in its order. */
export function configurationRows(schema) {
  return Object.entries(schema.properties).flatMap(([name, section]) =>
    isTable(section)
      ? Object.entries(section.properties).flatMap(([key, inner]) =>
          rowsOf([name, key], inner, section.required?.includes(key) && inner.default === undefined),
        )
      : rowsWithin([name], section),
  )
}

const fallbackOf = ({ fallback, required }) =>
  fallback !== undefined ? `\`${fallback}\`` : required ? 'required' : 'none'

/** A table with columns as wide as the formatter makes them. */
function tableText(rows) {
  const cells = rows.map(row => row.map(text => text.replaceAll('|', '\\|')))
  const widths = cells[0].map((_, column) => Math.max(3, ...cells.map(row => [...row[column]].length)))
  const [head, ...body] = cells.map(row => row.map((text, i) => text + ' '.repeat(widths[i] - [...text].length)))
  return [head, widths.map(width => '-'.repeat(width)), ...body].map(row => `| ${row.join(' | ')} |`).join('\n')
}

function sectionText([name, section], rows) {
  const list = section.type === 'array'
  const inFile = rows.filter(({ key }) => key.startsWith(list ? `${name}[]` : `${name}.`))
  const table = inFile.map(row => {
    const cells = [`\`${row.key}\``, row.type, fallbackOf(row), row.meaning]
    return list ? cells : [...cells, row.variable ? `\`${row.variable}\`` : 'file only']
  })
  const heads = ['key', 'type', 'default', 'meaning', ...(list ? [] : ['environment'])]
  const about = list ? `${section.description} A list, empty by default; given in the file only.` : section.description
  return `## ${name}\n\n${about}\n\n${tableText([heads, ...table])}`
}

const INTRODUCTION = `# Configuration

<!-- Written by scripts/configuration-page.mjs from src/cli/settings-schema.ts. Change those, not this page. -->

Everything has a default, so an empty configuration is valid: it answers and polls nothing. Values come from, the later one
winning:

1. the defaults below,
2. one YAML file: \`--config FILE\`, else \`WHOHAD_CONFIG\`, else \`./whohad.yaml\` where there is one
   ([whohad.example.yaml](../whohad.example.yaml) is one to start from),
3. environment variables, \`WHOHAD_SECTION__KEY\`: \`replicationFactor\` is written \`REPLICATION_FACTOR\`, a list has commas
   (\`WHOHAD_KAFKA__BROKERS=a:9092,b:9092\`),
4. the command line: \`--data\` is \`data.path\`, \`--host\` is \`api.host\`, \`--port\` is \`api.port\`.

An unknown key, an unknown \`WHOHAD_…\` variable or a value of the wrong type stops the start with
[WHOHAD_CONFIG_INVALID](errors.md#whohad_config_invalid), which names all faults at once. \`[]\` in a key means "of each entry of
the list". Keys with "Declared bound" are promises about your estate, on which the correctness of \`owned\` rests:
[aws-account.md](aws-account.md#declared-bounds).
`

const RULES = `## Rules between keys

- \`flowLogs[].holdSeconds\` must be at least one second longer than the largest \`pollSeconds\`, so that an object can wait for the poll
  after it.
- Each \`titus[].covers[].prefix\` and \`reach[].cidrs[]\` must be a CIDR block, like \`10.0.0.0/16\`.
- Each \`since\` and \`until\` must be a time with its zone, like \`2026-11-20T14:05:00Z\`, the first before the second.
- A reach leads from one domain to another, never to itself.
- A source counts as stale when two and a half of its \`pollSeconds\` pass without a complete poll.

## Variables that are no keys
`

const VARIABLES = [
  ['variable', 'meaning'],
  ['`WHOHAD_CONFIG`', 'The configuration file, as `--config`.'],
  ['`WHOHAD_URL`', 'The server that questions are for, as `--url`; `--url`, `--claims` and `--data` go before it.'],
  ['`WHOHAD_API_KEY`', 'API key or token for that server.'],
  ['`WHOHAD_API_KEY_FILE`', 'File that holds it.'],
  ['`NO_COLOR`, `FORCE_COLOR`', 'No colours, or colours also in a pipe.'],
  ['`WHOHAD_TEST_…`', 'Services for the tests; `whohad` itself ignores them.'],
  ['`AWS_…`', 'Read by the AWS SDK: credentials, profile, role. The region is always the configured one.'],
  ['`UV_THREADPOOL_SIZE`', 'Threads for files, DNS and the embedded store; 16 where it is not set.'],
]

/** The whole of docs/configuration.md. */
export function configurationPage(schema) {
  const rows = configurationRows(schema)
  const sections = Object.entries(schema.properties).map(section => sectionText(section, rows))
  return `${[INTRODUCTION, ...sections.map(text => `${text}\n`), RULES, tableText(VARIABLES)].join('\n')}\n`
}

if (process.argv[1] === import.meta.filename) {
  const built = pathToFileURL(join(root, 'dist/cli/settings-schema.js')).href
  const { SettingsSchema } = await import(built)
  writeFileSync(join(root, 'docs/configuration.md'), configurationPage(SettingsSchema))
}
