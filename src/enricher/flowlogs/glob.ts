import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

const MAGIC = /[*?[]/
/** Between two slashes; a class may not be empty and may begin with ! for all others. */
const PART = /\[(!?)([^\]/]+)\]|\*|\?|[^*?[]+|\[/g

/**
 * The files that an argument names: itself; every file below it, where it is a folder; or what a pattern matches, with * and ?
 * (not across slashes), [abc], [a-z], [!abc] and, as a whole folder name, ** for any number of folders. Hidden ones (.name) only
 * where the pattern says so. Sorted. What is there under its very name is no pattern; one that matches nothing has no files.
 */
export async function filesOf(argument: string): Promise<readonly string[]> {
  const kind = await kindOf(argument)
  if (kind === 'folder') return (await matching(argument, ['**'])).toSorted()
  if (kind === 'file' || !MAGIC.test(argument)) return [argument]
  const parts = argument.split('/')
  const fixed = parts.findIndex(part => MAGIC.test(part))
  const root = parts.slice(0, fixed).join('/')
  const found = await matching(fixed === 0 ? '.' : `${root}/`, parts.slice(fixed), fixed === 0)
  return [...new Set(found)].toSorted()
}

/** The folder below which an argument finds its files: itself, that of the file, or what a pattern has before its first wildcard. */
export async function rootOf(argument: string): Promise<string> {
  const kind = await kindOf(argument)
  if (kind === 'folder') return argument
  if (kind === 'file' || !MAGIC.test(argument)) return dirname(argument)
  const parts = argument.split('/')
  const fixed = parts.findIndex(part => MAGIC.test(part))
  return fixed === 0 ? '.' : `${parts.slice(0, fixed).join('/')}/`
}

/** Whether an argument is a pattern: what is there under its very name is none. */
export const isPattern = async (argument: string): Promise<boolean> =>
  MAGIC.test(argument) && (await kindOf(argument)) === undefined

/** Whether a pattern would match a file of that path, were it there; by the words of both, whatever links are on the way. */
export const isMatch = (pattern: string, path: string): boolean =>
  areMatched(resolve(pattern).split('/'), resolve(path).split('/'))

function areMatched([part, ...rest]: readonly string[], [name, ...names]: readonly string[]): boolean {
  if (part === undefined || name === undefined) return part === name
  if (part !== '**') return matcher(part)(name) && areMatched(rest, names)
  if (areMatched(rest.length > 0 ? rest : ['*'], [name, ...names])) return true
  return isShown(name) && areMatched([part, ...rest], names)
}

async function matching(folder: string, parts: readonly string[], isRelative = false): Promise<string[]> {
  const [part = '', ...rest] = parts
  const found: string[] = part === '**' ? await matching(folder, rest.length > 0 ? rest : ['*'], isRelative) : []
  const isMatch = part === '**' ? isShown : matcher(part)
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!isMatch(entry.name)) continue
    const path = isRelative ? entry.name : join(folder, entry.name)
    // A link to a folder is followed where a pattern names it, and not by **: it may lead back.
    if (part === '**') found.push(...(entry.isDirectory() ? await matching(path, parts) : []))
    else if (rest.length > 0) found.push(...((await kindOf(path)) === 'folder' ? await matching(path, rest) : []))
    else if ((await kindOf(path)) === 'file') found.push(path)
  }
  return found
}

const isShown = (name: string): boolean => !name.startsWith('.')

/** Whether a name matches one part of a pattern. */
export function matcher(part: string): (name: string) => boolean {
  const source = part.replaceAll(PART, (text, negated: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${negated ? '^' : ''}${set.replaceAll(/[\\\]^]/g, String.raw`\$&`)}]`
    if (text === '*') return '[^/]*'
    return text === '?' ? '[^/]' : text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  })
  const pattern = regExpOf(`^${source}$`)
  return name => (part.startsWith('.') || isShown(name)) && (pattern?.test(name) ?? name === part)
}

/** Undefined for a class such as [z-a], which then stands for itself. */
function regExpOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'su')
  } catch {
    return undefined
  }
}

/** Links are followed; what is neither (a pipe, a device) is given to whoever names it, and is a file for them. */
async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file'
}
