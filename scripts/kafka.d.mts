export type PreparedKafka =
  | { readonly way: 'address'; readonly brokers: readonly string[] }
  | { readonly way: 'docker' | 'java' }
  | { readonly way: 'none'; readonly why: string }

export type BrokerOptions = {
  /** Further listeners: TLS with client certificates, and TLS with SASL. */
  readonly secured?: boolean
  /** One more listener, which the broker advertises at this port of loopback: something of the caller's listens there. */
  readonly proxyPort?: number
  /** Added to server.properties. */
  readonly properties?: Readonly<Record<string, string>>
}

/** How to get in at the secured listeners. The password is made for this one run. */
export type SecuredAccess = {
  readonly mutualTls: readonly string[]
  readonly sasl: readonly string[]
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly username: string
  readonly password: string
}

export type RunningKafka = {
  readonly brokers: readonly string[]
  readonly how: string
  /** Where the broker keeps its segments. With Java only. */
  readonly dataFolder?: string
  readonly secured?: SecuredAccess
  /** The port to which the caller's proxy must lead. */
  readonly behindProxy?: number
  /** Ends the broker, in order (SIGTERM) or at once, and keeps its files; `resume` starts it again at the same ports. With Java only. */
  halt?(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  resume?(): Promise<void>
  stop(): Promise<void>
}

export declare const KAFKA_VERSION: string
export declare const HOW_TO_GET_ONE: string
export declare function prepareKafka(say?: (text: string) => void): Promise<PreparedKafka>
export declare function startKafka(
  prepared?: PreparedKafka,
  say?: (text: string) => void,
  options?: BrokerOptions,
): Promise<RunningKafka>
