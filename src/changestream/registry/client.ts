import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { readSecret } from '../kafka/security.ts'
import { readAtMost } from './answer-body.ts'
import type { RegistryOptions } from './options.ts'

/** A schema registry's REST API, as Confluent, Karapace and Apicurio (at /apis/ccompat/v7) have it. */
export type RegistryClient = {
  /**
   * The id of the schema under this subject, which gets it as a new version where it has it not.
   * @throws WHOHAD_SCHEMA_REGISTRY_UNREACHABLE, WHOHAD_SCHEMA_REGISTRY_LOGIN_REFUSED, WHOHAD_SCHEMA_REGISTRY_INCOMPATIBLE,
   * WHOHAD_SCHEMA_REGISTRY_FAILED
   */
  register(subject: string, schema: string): Promise<number>
  /**
   * The schema of this id; undefined where the registry says that it has none.
   * @throws WHOHAD_SCHEMA_REGISTRY_UNREACHABLE, WHOHAD_SCHEMA_REGISTRY_LOGIN_REFUSED, WHOHAD_SCHEMA_REGISTRY_FAILED
   */
  schema(id: number, signal: AbortSignal): Promise<RegisteredSchema | undefined>
}

export type RegisteredSchema = { readonly kind: string; readonly schema: string; readonly hasReferences: boolean }

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'
const ANSWER_WITHIN_MS = 10_000
const LONGEST_REASON = 500
/** Beside the status, what tells a registry that has no such schema from a server that is no registry. */
const SCHEMA_NOT_FOUND = 40403

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>>; readonly text: string }

/** @throws WHOHAD_KAFKA_FILE_UNREADABLE */
export async function openRegistry({ url, login }: RegistryOptions): Promise<RegistryClient> {
  const root = url.replace(/\/+$/, '')
  const authorization = login && `Basic ${Buffer.from(await credentials(login)).toString('base64')}`
  const headers = { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE, ...(authorization && { authorization }) }

  async function ask(path: string, request: RequestInit): Promise<Answer> {
    const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), ...(request.signal ? [request.signal] : [])])
    let answer: { readonly status: number; readonly text: string }
    try {
      const response = await fetch(root + path, { ...request, headers, signal, redirect: 'error' })
      answer = { status: response.status, text: await readAtMost(response) }
    } catch (cause) {
      throw changestreamErrors.registryUnreachable({ url: root, reason: networkReason(cause) }, cause)
    }
    if (answer.status >= 500 || answer.status === 429)
      throw changestreamErrors.registryUnreachable({ url: root, reason: said(answer) })
    return { ...answer, body: objectIn(answer.text) }
  }

  function refuse(doing: string, answer: Answer): never {
    const { status } = answer
    if (status === 401 || status === 403)
      throw changestreamErrors.registryLoginRefused({ url: root, doing, status, reason: said(answer) })
    throw changestreamErrors.registryFailed({ url: root, doing, reason: said(answer) })
  }

  return {
    async register(subject, schema) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`
      const answer = await ask(path, { method: 'POST', body: JSON.stringify({ schema }) })
      if (answer.status === 409)
        throw changestreamErrors.registryIncompatible({ url: root, subject, reason: said(answer) })
      const { id } = answer.body
      if (answer.status === 200 && isId(id)) return id
      return refuse(`register the schema of "${subject}"`, answer)
    },
    async schema(id, signal) {
      const answer = await ask(`/schemas/ids/${id}`, { signal })
      const { schema, schemaType = 'AVRO', references } = answer.body
      if (answer.status === 404 && answer.body['error_code'] === SCHEMA_NOT_FOUND) return undefined
      if (answer.status === 200 && typeof schema === 'string') {
        return { kind: String(schemaType), schema, hasReferences: Array.isArray(references) && references.length > 0 }
      }
      return refuse(`give schema ${id}`, answer)
    },
  }
}

async function credentials({ username, password }: NonNullable<RegistryOptions['login']>): Promise<string> {
  return `${username}:${await readSecret('kafka.schemaRegistryPasswordFile', password)}`
}

const isId = (id: unknown): id is number => Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 32

function objectIn(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Answer['body']) : {}
  } catch {
    return {}
  }
}

const said = ({ status, text }: { readonly status: number; readonly text: string }): string => {
  const { message } = objectIn(text)
  return `it answered ${status} with ${JSON.stringify(String(message ?? text).slice(0, LONGEST_REASON))}`
}

/** `fetch failed` says nothing; its cause does. */
const networkReason = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error)
