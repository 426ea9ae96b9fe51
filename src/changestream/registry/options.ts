import type { Secret } from '../kafka/security.ts'

export type RegistryOptions = {
  /** Root of the REST API. */
  readonly url: string
  /** Basic authentication. */
  readonly login?: { readonly username: string; readonly password: Secret } | undefined
}

export type RegistryReport = {
  /** A record needs a schema that is not known here, and the registry does not answer: reading waits. */
  schemaRegistrySilent(d: { readonly id: number; readonly attempt: number; readonly reason: string }): void
}
