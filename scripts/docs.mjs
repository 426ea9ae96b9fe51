// What the pages say must be there: links, error codes, metrics.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './prepare.mjs'

const PAGES = ['README.md', 'CHANGELOG.md', 'docs/errors.md', 'docs/metrics.md']

/** What is missing, broken or left over in the pages of `folder`, as sentences. */
export function docProblems(folder = root) {
  const read = path => readFileSync(join(folder, path), 'utf8')
  const filesUnder = (path, ending) =>
    readdirSync(join(folder, path), { withFileTypes: true, recursive: true })
      .filter(entry => entry.isFile() && entry.name.endsWith(ending))
      .map(entry => relative(folder, join(entry.parentPath, entry.name)))

  const brokenLinks = () =>
    ['README.md', 'CHANGELOG.md', ...filesUnder('docs', '.md')].flatMap(page =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(match => match[1])
        .filter(target => !existsSync(join(folder, dirname(page), target)))
        .map(target => `${page}: no such file: ${target}`),
    )

  /** Names found in the sources by `pattern`, against the headings of a page; both ways. */
  const undocumented = (kind, pattern, page) => {
    const used = new Set(
      filesUnder('src', '.ts').flatMap(file => [...read(file).matchAll(pattern)].map(match => match[1])),
    )
    const told = new Set([...read(page).matchAll(/^#{2,3} `?(\w+)`?$/gm)].map(match => match[1]))
    return [
      ...(used.size === 0 ? [`no ${kind} was found in src/: nothing was checked`] : []),
      ...[...used].filter(name => !told.has(name)).map(name => `${page}: ${kind} ${name} is not explained`),
      ...[...told].filter(name => !used.has(name)).map(name => `${page}: ${kind} ${name} is not in src/`),
    ]
  }

  const missing = PAGES.filter(page => !existsSync(join(folder, page)))
  if (missing.length > 0) return missing.map(page => `${page}: there is no such page`)
  return [
    ...brokenLinks(),
    ...undocumented('error', /declareError[^(]*\(\s*'(WHOHAD_\w+)'/g, 'docs/errors.md'),
    ...undocumented('metric', /'(whohad_\w+)'/g, 'docs/metrics.md'),
  ]
}

if (process.argv[1] === import.meta.filename) {
  const problems = docProblems()
  for (const problem of problems) console.error(problem)
  console.error(problems.length === 0 ? 'docs: clean' : `docs: ${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
