import { formatOf, parseHeader } from '../../src/enricher/flowlogs/fields.ts'
import { lineParser } from '../../src/enricher/flowlogs/parse.ts'
import { putRecord } from '../../src/enricher/flowlogs/put-record.ts'
import { RecordBatch } from '../../src/enricher/flowlogs/record-batch.ts'
import { PADDING_BYTES, TextTable } from '../../src/enricher/flowlogs/text-table.ts'
import type { AnsweredBatch } from '../../src/enricher/join/answered-batch.ts'
import type { FlowEnd } from '../../src/store/port.ts'

export const flowEnd = (over: Partial<FlowEnd> = {}): FlowEnd => ({
  ip: '10.0.0.1',
  port: 443,
  domain: 'prod',
  state: 'owned',
  reason: 'sighted',
  application: 'checkout',
  resourceId: 'i-1',
  cluster: 'main',
  account: '123456789012',
  region: 'us-east-1',
  zone: 'us-east-1a',
  layer: 'instance',
  claimId: 'claim-1',
  candidates: [],
  service: '',
  ...over,
})

export type AnsweredLine = { readonly text: string; readonly source?: FlowEnd; readonly destination?: FlowEnd }

/** A batch of the lines below a header, as a text reader makes it; a line without ends is not answered. */
export function answeredLines(header: string, lines: readonly AnsweredLine[], firstLine = 1): AnsweredBatch {
  const format = parseHeader(header) ?? formatOf([])
  const parse = lineParser(format)
  const batch = new RecordBatch(Math.max(1, lines.length))
  const texts = new TextTable()
  const taken: { line: AnsweredLine; tokens: readonly string[] }[] = []
  for (const [i, line] of lines.entries()) {
    const parsed = parse(line.text, firstLine + i)
    if (parsed.kind !== 'flow') batch.others.push(parsed)
    else {
      taken.push({ line, tokens: parsed.tokens })
      putRecord(batch, parsed, texts)
    }
  }
  batch.texts = texts
  batch.columns = format.columns
  batch.tokensOf = place => taken[place]?.tokens ?? []
  const written = windowOf(taken.map(({ line }) => line.text))
  batch.window = written.window
  batch.lineAt = place => written.begins[place] ?? 0
  return {
    batch,
    isAnswered: taken.map(({ line }) => (line.source && line.destination ? 1 : 0)),
    source: place => taken[place]?.line.source ?? flowEnd({ state: 'unknown' }),
    destination: place => taken[place]?.line.destination ?? flowEnd({ state: 'unknown' }),
  }
}

function windowOf(lines: readonly string[]) {
  const bytes = Uint8Array.from(Buffer.from(`${lines.map(line => `${line}\n`).join('')}${' '.repeat(PADDING_BYTES)}`))
  const begins: number[] = []
  for (let i = 0, at = 0; i < lines.length; i++) {
    begins.push(at)
    at = bytes.indexOf(10, at) + 1
  }
  return { window: new DataView(bytes.buffer), begins }
}
