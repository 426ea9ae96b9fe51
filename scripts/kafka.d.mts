export type PreparedKafka =
  | { readonly way: 'address'; readonly brokers: readonly string[] }
  | { readonly way: 'docker' | 'java' }
  | { readonly way: 'none'; readonly why: string }

export type RunningKafka = { readonly brokers: readonly string[]; readonly how: string; stop(): Promise<void> }

export declare const KAFKA_VERSION: string
export declare const HOW_TO_GET_ONE: string
export declare function prepareKafka(say?: (text: string) => void): Promise<PreparedKafka>
export declare function startKafka(prepared?: PreparedKafka, say?: (text: string) => void): Promise<RunningKafka>
