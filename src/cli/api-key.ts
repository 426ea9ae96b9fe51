import { readFileSync } from 'node:fs'
import { reasonOf } from '../runtime/errors.ts'
import { cliErrors } from './errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What a server is to know us by, an API key or a token: WHOHAD_API_KEY, else what the file that WHOHAD_API_KEY_FILE names
 * holds, else WHOHAD_TOKEN. Never from the command line, which every user of the machine can read.
 *
 * @throws WHOHAD_USAGE where the file cannot be read
 */
export function apiKeyOf(environment: Environment): string | undefined {
  const { WHOHAD_API_KEY: key, WHOHAD_API_KEY_FILE: file, WHOHAD_TOKEN: token } = environment
  if (key !== undefined && key !== '') return key
  if (file === undefined || file === '') return token
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw cliErrors.usage({ message: `WHOHAD_API_KEY_FILE cannot be read: ${reasonOf(cause)}.` }, cause)
  }
}
