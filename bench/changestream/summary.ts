import type { Adapter } from './options.ts'
import type { Produced } from './produce.ts'
import type { Replayed } from './replay.ts'

export type Figures = {
  readonly produced_per_s: number
  readonly replayed_per_s: number
  /** Encoding and decoding, of the processor time of writing and replaying. */
  readonly encode_decode_share: number
  readonly encode_share: number
  readonly decode_share: number
  readonly read_per_s: number
  readonly encode_ns: number
  readonly decode_ns: number
  readonly decode_to_object_ns: number
  readonly produce_cpu_ns: number
  readonly replay_cpu_ns: number
  readonly apply_and_compact_cpu_ns: number
  readonly catch_up_s: number
  readonly encoded_bytes_per_claim: number
  readonly stored_bytes_per_claim: number | null
  readonly resident_bytes: number
}

export function figuresOf(produced: Produced, replayed: Replayed, storedBytes: number | undefined): Figures {
  const { claims } = produced
  const perClaimNs = (seconds: number): number => Math.round((seconds * 1e9) / claims)
  const share = (part: number, whole: number): number => Number((part / whole).toFixed(3))
  return {
    produced_per_s: Math.round(claims / produced.seconds),
    replayed_per_s: Math.round(claims / replayed.seconds),
    encode_decode_share: share(
      produced.encodeSeconds + replayed.decodeSeconds,
      produced.cpuSeconds + replayed.cpuSeconds,
    ),
    encode_share: share(produced.encodeSeconds, produced.cpuSeconds),
    decode_share: share(replayed.decodeSeconds, replayed.cpuSeconds),
    read_per_s: Math.round(claims / replayed.readSeconds),
    encode_ns: perClaimNs(produced.encodeSeconds),
    decode_ns: perClaimNs(replayed.decodeSeconds),
    decode_to_object_ns: perClaimNs(replayed.decodeToObjectSeconds),
    produce_cpu_ns: perClaimNs(produced.cpuSeconds),
    replay_cpu_ns: perClaimNs(replayed.cpuSeconds),
    apply_and_compact_cpu_ns: perClaimNs(replayed.applyAndCompactSeconds),
    catch_up_s: Number(replayed.seconds.toFixed(2)),
    encoded_bytes_per_claim: Math.round(produced.encodedBytes / claims),
    stored_bytes_per_claim: storedBytes === undefined ? null : Math.round(storedBytes / claims),
    resident_bytes: replayed.residentBytes,
  }
}

export type Conditions = {
  readonly claims: number
  readonly claims_of_a_poll: number
  readonly compression: string
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly load_average: number
  readonly load_average_at_end: number
}

const LINES: readonly (readonly [name: keyof Figures, what: string, aim: string])[] = [
  ['produced_per_s', 'claims written and acknowledged a second', '≥ 100,000'],
  ['replayed_per_s', 'claims replayed into an index a second', '≥ 300,000'],
  ['read_per_s', 'claims read a second, without an index', ''],
  ['encode_decode_share', 'share of encoding and decoding', '≤ 0.333'],
  ['encode_share', 'share of encoding, of writing', ''],
  ['decode_share', 'share of decoding, of a replay', ''],
  ['encode_ns', 'encode a claim, ns of the processor', ''],
  ['decode_ns', 'decode a claim for the index, ns of the processor', ''],
  ['decode_to_object_ns', 'decode a claim to an object, ns of the processor', ''],
  ['produce_cpu_ns', 'write a claim, ns of the processor', ''],
  ['replay_cpu_ns', 'replay a claim, ns of the processor', ''],
  ['apply_and_compact_cpu_ns', 'of that, into the index, ns of the processor', ''],
  ['catch_up_s', 'catch up with all of them, s', ''],
  ['encoded_bytes_per_claim', 'bytes a claim, encoded', ''],
  ['stored_bytes_per_claim', 'bytes a claim on disk; with Kafka those on the wire too', ''],
  ['resident_bytes', 'memory of the reader, bytes', ''],
]

export function tableOf(figures: Partial<Record<Adapter, Figures>>, of: Conditions): string {
  const adapters = Object.keys(figures) as Adapter[]
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rows = LINES.map(([name, what, aim]) => {
    const cells = adapters.map(adapter => figures[adapter]?.[name]?.toLocaleString('en-GB') ?? 'not seen')
    return line([what, ...cells, aim])
  })
  const conditions =
    `${of.claims.toLocaleString('en-GB')} claims in polls of ${of.claims_of_a_poll.toLocaleString('en-GB')}, Kafka with ${of.compression}; ` +
    `Node.js ${of.node}, ${of.cores} cores of ${of.cpu}, load ${of.load_average} at the start and ${of.load_average_at_end} at the end.`
  const head = ['figure', ...adapters, 'aim']
  return [conditions, '', line(head), line(head.map(() => '---')), ...rows].join('\n')
}
