// What the pages say must be there: links, error codes, metrics.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './prepare.mjs'

const read = path => readFileSync(join(root, path), 'utf8')
const filesUnder = (folder, ending) =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))

function brokenLinks() {
  const pages = ['README.md', 'CHANGELOG.md', ...filesUnder('docs', '.md')]
  return pages.flatMap(page =>
    [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(match => match[1])
      .filter(target => !existsSync(join(root, dirname(page), target)))
      .map(target => `${page}: no such file: ${target}`),
  )
}

/** Names found in the sources by `pattern`, against the headings of a page; both ways. */
function undocumented(kind, pattern, page) {
  const used = new Set(
    filesUnder('src', '.ts').flatMap(file => [...read(file).matchAll(pattern)].map(match => match[1])),
  )
  const told = new Set([...read(page).matchAll(/^#{2,3} `?(\w+)`?$/gm)].map(match => match[1]))
  return [
    ...[...used].filter(name => !told.has(name)).map(name => `${page}: ${kind} ${name} is not explained`),
    ...[...told].filter(name => !used.has(name)).map(name => `${page}: ${kind} ${name} is not in src/`),
  ]
}

export const docProblems = () => [
  ...brokenLinks(),
  ...undocumented('error', /declareError[^(]*\(\s*'(WHOHAD_\w+)'/g, 'docs/errors.md'),
  ...undocumented('metric', /'(whohad_\w+)'/g, 'docs/metrics.md'),
]

if (process.argv[1] === import.meta.filename) {
  const problems = docProblems()
  for (const problem of problems) console.error(problem)
  console.error(problems.length === 0 ? 'docs: clean' : `docs: ${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
