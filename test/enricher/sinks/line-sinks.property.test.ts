import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBatches } from '../../../src/enricher/flowlogs/read-batches.ts'
import type { RecordBatch } from '../../../src/enricher/flowlogs/record-batch.ts'
import type { AnsweredBatch } from '../../../src/enricher/join/answered-batch.ts'
import type { ByteOut } from '../../../src/enricher/sinks/byte-out.ts'
import { csvSink } from '../../../src/enricher/sinks/csv-sink.ts'
import { LineRoom } from '../../../src/enricher/sinks/line-room.ts'
import { ndjsonSink } from '../../../src/enricher/sinks/ndjson-sink.ts'
import { textSink } from '../../../src/enricher/sinks/text-sink.ts'
import { flowEnd } from '../../support/answered-rows.ts'
import { inPieces } from '../../support/byte-streams.ts'
import { columnRecord } from '../../support/flow-batches.ts'
import { formats, linesOfFormat } from '../../support/flow-lines.ts'
import { LINE_FORMS, type LineForm } from '../../support/line-forms.ts'
import { mutated } from '../../support/mutated.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

const ENDS = [
  flowEnd(),
  flowEnd({ application: 'Käse 🧀 100%', resourceId: 'i-2', service: 'shop', zone: '' }),
  flowEnd({ state: 'ambiguous', application: '', claimId: '', candidates: ['i-2', 'a b,"c"'] }),
  flowEnd({ state: 'external', reason: 'public', application: '', domain: '' }),
  flowEnd({ application: 'two\r\nlines', cluster: '=1+1,"x"', account: '\\' }),
]

const SINKS = {
  text: textSink,
  csv: csvSink,
  ndjson: (out, options) => ndjsonSink(out, 'in', options),
} satisfies Record<keyof typeof LINE_FORMS, (out: ByteOut, options: { readonly room: LineRoom }) => unknown>
const FORMS = Object.keys(SINKS) as (keyof typeof SINKS)[]

function collected() {
  const parts: Uint8Array[] = []
  const out: ByteOut = {
    async write(bytes) {
      parts.push(Uint8Array.from(bytes))
      // What is written over afterwards must not be seen.
      await undefined
    },
    finish: async () => Buffer.concat(parts).length,
    abort: async () => {},
  }
  return { out, text: () => Buffer.concat(parts).toString() }
}

/** Answers that tell one end from another; of every seventh record nothing is known. */
function answeredAs(batch: RecordBatch, kinds: number): AnsweredBatch {
  const number = (place: number) => batch.lines[place] ?? 0
  const endAt = (place: number, side: 0 | 1) => {
    const { observed, packet, ports } = columnRecord(batch, place)
    const { ip: _, ...said } = ENDS[(number(place) >> side) % kinds] ?? flowEnd()
    return { ...said, ip: packet[side] ?? observed[side] ?? '', port: ports[side] ?? 0 }
  }
  return {
    batch,
    isAnswered: Array.from({ length: batch.count }, (_, place) => (number(place) % 7 === 3 ? 0 : 1)),
    source: place => endAt(place, 0),
    destination: place => endAt(place, 1),
  }
}

async function writtenAndMeant(form: keyof typeof SINKS, text: Uint8Array, batchRecords: number, room: LineRoom) {
  const { out, text: written } = collected()
  const sink = SINKS[form](out, { room })
  const lineForm: LineForm = LINE_FORMS[form]
  let meant = ''
  let before: readonly string[] | undefined
  for await (const batch of readBatches(inPieces(text, 777), { name: 'in', batchRecords })) {
    if (form === 'csv' && before && before !== batch.columns) break
    const answered = answeredAs(batch, ENDS.length)
    meant += lineForm(answered, before)
    before = batch.columns
    await sink.write(answered)
  }
  await sink.finish()
  return { written: written(), meant, isEmpty: before === undefined }
}

/** A header is known by one of its fields. */
const known = formats.filter(names => names.some(name => name.includes('addr')))

const files = known.chain(names =>
  fc
    .array(linesOfFormat(names), { maxLength: 40 })
    .map(lines => Buffer.from(`${[names.join(' '), ...lines].join('\n')}\n`)),
)

const changed = fc.tuple(files, mutated).map(([text, mutate]) => {
  const header = text.indexOf('\n') + 1
  return Buffer.concat([text.subarray(0, header), mutate(text.subarray(header))])
})

test.each(FORMS)(
  '%s is written by bytes as record by record from texts',
  {
    timeout: propertyTimeoutMs(120_000),
  },
  async form => {
    // Few ends are kept, so that they are forgotten now and then.
    const room = new LineRoom(3)
    await fc.assert(
      fc.asyncProperty(fc.oneof(files, changed), fc.constantFrom(1, 8, 1000), async (text, batchRecords) => {
        const { written, meant, isEmpty } = await writtenAndMeant(form, text, batchRecords, room)
        if (!isEmpty) expect(written).toBe(meant)
      }),
      propertyRuns(300),
    )
  },
)

test.each(FORMS)('%s of many records is the same, whatever their fields are', async form => {
  const header = 'version srcaddr dstaddr srcport dstport packets bytes start end action tcp-flags shoe-size source'
  const line = (i: number) => {
    const bytes = i % 5 === 0 ? '-' : i % 3 === 0 ? `${Number.MAX_SAFE_INTEGER - i}` : `${(i * 2654435761) % 2 ** 34}`
    const shoe = ['größe', '-', `size-${i % 300}`, `"${i}`, `${i},`, `\\${i}`][i % 6]
    const flags = i < 1200 ? '-' : (['2147483648', '00019', '9007199254740993', '2'][i % 4] ?? '')
    const gap = ' '.repeat(1 + (i % 13 === 2 ? 1 : 0))
    const address = i % 11 === 0 ? `2001:db8::${i.toString(16)}` : `10.${i % 256}.${i >> 7}.${i & 127}`
    return `2${gap}${address} 10.1.0.1 ${i} 443 ${i % 16} ${bytes} 1700000000 ${1700000060 + i} ACCEPT ${flags} ${shoe} ${i}${i % 17 === 5 ? '\r' : ''}`
  }
  for (const columns of [header, header.replace(' source', ' other')]) {
    const lines = Array.from({ length: 4000 }, (_, i) => line(i))
    const text = Buffer.from(`${[columns, ...lines].join('\n')}\n`)
    const { written, meant } = await writtenAndMeant(form, text, 512, new LineRoom())
    expect(written.length).toBeGreaterThan(4000 * 100)
    expect(written === meant || firstDifference(written, meant)).toBe(true)
  }
})

function firstDifference(one: string, other: string): readonly string[] {
  const [lines, others] = [one.split('\n'), other.split('\n')]
  const at = lines.findIndex((line, i) => line !== others[i])
  return [lines[at] ?? '', others[at] ?? '']
}
