export type ConfigurationRow = {
  /** `kafka.brokers`, or `ec2[].account` within a list. */
  readonly key: string
  readonly type: string
  readonly meaning: string
  /** The value as JSON, or undefined where there is none. */
  readonly fallback: string | undefined
  readonly required: boolean
  /** Undefined where only the file can give it. */
  readonly variable: string | undefined
}

/** Every key of the settings schema, in its order. */
export function configurationRows(schema: object): ConfigurationRow[]
/** The whole of docs/configuration.md. */
export function configurationPage(schema: object): string
