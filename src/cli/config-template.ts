import { type KeySchema, keysOf, SETTINGS, typeWords, variableOf } from './settings-words.ts'

const WIDTH = 118

const HEAD = `Configuration of whohad, with every key. What is not commented out is the default, so that this file changes
nothing until you do. "whohad config check" says what is wrong with it, "whohad config show" what is in force. A variable
named behind a key goes before what this file says.`

/** A configuration file with every key of the schema, what it means, and its default. */
export function configTemplate(): string {
  const sections = Object.entries(SETTINGS.properties ?? {}).map(([name, schema]) =>
    schema.type === 'object' ? mappingSection(name, schema) : listSection(name, schema),
  )
  return `${[comment(HEAD, ''), ...sections].join('\n\n')}\n`
}

function mappingSection(name: string, schema: KeySchema): string {
  const keys = Object.entries(schema.properties ?? {}).map(([key, inner]) => {
    const variable = variableOf(name, key)
    const about = comment(aboutKey(inner, variable && `Variable: ${variable}.`), '  ')
    // An optional key has no value that means "not set".
    const line = inner.default === undefined ? `  # ${key}:` : `  ${key}: ${JSON.stringify(inner.default)}`
    const entries = inner.items && Object.keys(keysOf(inner.items)).length > 0 ? entryLines(inner.items, '  #   ') : []
    return [about, line, ...(entries.length > 0 ? ['  # Keys of an entry:', ...entries] : [])].join('\n')
  })
  return [...(schema.description ? [comment(schema.description, '')] : []), `${name}:`, ...keys].join('\n')
}

/** The whole of it is commented out: an entry needs what only you can say. */
function listSection(name: string, { description = '', items = {} }: KeySchema): string {
  return [comment(description, ''), `# ${name}:`, ...entryLines(items, '#   ')].join('\n')
}

function entryLines(item: KeySchema, indent: string): readonly string[] {
  const lines = Object.entries(keysOf(item)).flatMap(([key, schema]) => {
    const required = item.required?.includes(key) && schema.default === undefined ? 'Required.' : undefined
    const value = schema.default === undefined ? '' : ` ${JSON.stringify(schema.default)}`
    const inner = schema.items && Object.keys(keysOf(schema.items)).length > 0 ? schema.items : undefined
    return [
      ...comment(aboutKey(schema, required), `${indent}  `).split('\n'),
      `${indent}  ${key}:${value}`,
      ...(inner ? entryLines(inner, `${indent}    `) : []),
    ]
  })
  // The dash belongs before the first key.
  const first = lines.findIndex(line => line.startsWith(`${indent}  `) && !line.slice(indent.length).startsWith('  #'))
  return lines.map((line, i) => (i === first ? `${indent}- ${line.slice(indent.length + 2)}` : line))
}

const aboutKey = (schema: KeySchema, more: string | undefined): string =>
  [schema.description ?? '', `(${typeWords(schema)})`, more ?? ''].filter(part => part !== '').join(' ')

/** Lines of a comment, as wide as they may be. */
function comment(text: string, indent: string): string {
  const lines: string[] = []
  let line = `${indent}#`
  for (const word of text.split(/\s+/)) {
    if (line.length + 1 + word.length > WIDTH && line.length > indent.length + 1) {
      lines.push(line)
      line = `${indent}#`
    }
    line += ` ${word}`
  }
  return [...lines, line].join('\n')
}
