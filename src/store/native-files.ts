import { basename, dirname } from 'node:path'
import { storeErrors } from './errors.ts'
import type { NativeTable } from './native-tables.ts'

/** What the table function `file` is told of the columns. Types have no quotes. */
export const structureOf = ({ columns }: NativeTable): string =>
  columns.map(([name, type]) => `${name} ${type}`).join(', ')

/**
 * One pattern for files of one folder. @throws WHOHAD_STORE_PATH_UNUSABLE where a character of the path has a meaning in
 * patterns, of which the engine can be told in no way.
 */
export function filesPattern(files: readonly string[]): string {
  const folder = dirname(files[0] ?? '')
  const names = files.map(file => basename(file))
  const odd = [folder, ...names].find(text => /[*?{}\\\n]/.test(text)) ?? names.find(name => name.includes(','))
  if (odd !== undefined || files.some(file => dirname(file) !== folder)) {
    const reason = `a path with "*", "?", "{", "}" or "\\" (${odd ?? folder}) cannot be named to the engine`
    throw storeErrors.pathUnusable({ path: folder, reason })
  }
  return names.length === 1 ? `${folder}/${names[0]}` : `${folder}/{${names.join(',')}}`
}
