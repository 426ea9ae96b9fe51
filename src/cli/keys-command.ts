import { parseDomain } from '../api/question.ts'
import { newApiKey } from '../api/security/api-key.ts'
import { securityErrors } from '../api/security/errors.ts'
import { changeKeys, readKeys } from '../api/security/keys-file.ts'
import { systemClock } from '../runtime/clock.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import type { Settings } from './settings.ts'
import { tableFor } from './table.ts'
import { isTerminal, print, say } from './terminal.ts'

type KeysSettings = Pick<Settings, 'api'>

/**
 * Adds a key to the file and prints it, alone on stdout. `domains` has commas between.
 *
 * @throws WHOHAD_USAGE, WHOHAD_DOMAIN_MALFORMED, WHOHAD_KEYS_FILE_UNREADABLE, WHOHAD_KEYS_FILE_NOT_WRITTEN
 */
export function addKey(
  settings: KeysSettings,
  { name, domains: named }: { readonly name: string; readonly domains?: string | undefined },
): number {
  const path = pathOf(settings)
  if (!/^[\w.@:/-]{1,64}$/.test(name))
    throw cliErrors.usage({
      message: `"${name}" is no name of a key: 1 to 64 letters, digits, ".", "_", "-", "@", ":", "/".`,
    })
  const domains = named === undefined ? null : named.split(',').map(domain => parseDomain(domain.trim()))
  const { key, text } = newApiKey(name, domains, systemClock.now())
  changeKeys(path, keys => [...keys, key])
  print(text)
  say(`Key ${key.id} of ${name} reads ${wordsOf(domains)}. It is not shown again: ${path} has only its hash.`)
  return EXIT.done
}

/** @throws WHOHAD_USAGE, WHOHAD_KEYS_FILE_UNREADABLE */
export function listKeys(settings: KeysSettings, { json }: { readonly json: boolean }): number {
  const table = tableFor(process.stdout, ['id', 'name', 'domains', 'since'])
  for (const { id, name, domains, createdAt } of readKeys(pathOf(settings))) {
    table.push([id, name, wordsOf(domains), createdAt])
    if (!isTerminal() || json) print(JSON.stringify({ id, name, domains, createdAt }))
  }
  if (isTerminal() && !json) print(table.toString())
  return EXIT.done
}

/** @throws WHOHAD_USAGE, WHOHAD_KEY_UNKNOWN, WHOHAD_KEYS_FILE_UNREADABLE, WHOHAD_KEYS_FILE_NOT_WRITTEN */
export function removeKey(settings: KeysSettings, { id }: { readonly id: string }): number {
  const path = pathOf(settings)
  changeKeys(path, keys => {
    const kept = keys.filter(key => key.id !== id)
    if (kept.length === keys.length) throw securityErrors.keyUnknown({ id, path })
    return kept
  })
  say(`Key ${id} is taken back.`)
  return EXIT.done
}

const wordsOf = (domains: readonly string[] | null): string => domains?.join(', ') ?? 'every routing domain'

function pathOf({ api }: KeysSettings): string {
  if (api.keysFile !== undefined) return api.keysFile
  throw cliErrors.usage({ message: 'api.keysFile is not set, so there is no place for keys: name a file there.' })
}
