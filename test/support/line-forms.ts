import { namedFields } from '../../src/enricher/flowlogs/fields.ts'
import type { AnsweredBatch } from '../../src/enricher/join/answered-batch.ts'
import { ADDED_COLUMNS, allColumns, areSame, END_FIELDS, textOfField } from '../../src/enricher/sinks/added-columns.ts'
import { inOrder } from '../../src/enricher/sinks/row-order.ts'
import type { FlowEnd } from '../../src/store/port.ts'

/** Lines of an output record by record, from texts and objects: what sinks write by bytes must be just this. */
export type LineForm = (answered: AnsweredBatch, before: readonly string[] | undefined) => string

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export const LINE_FORMS = {
  text({ batch, ...answered }, before) {
    let out = ''
    if (!areSame(before ?? [], batch.columns)) {
      out += `${[...batch.columns, ...ADDED_COLUMNS.map(name => name.replaceAll('_', '-'))].join(' ')}\n`
    }
    const put = (line: string, fields: readonly string[]) => {
      out += `${line} ${fields.map(asTextField).join(' ')}\n`
    }
    inOrder(
      { batch, ...answered },
      place => put(lineOf({ batch, ...answered }, place), addedAt({ batch, ...answered }, place)),
      other => {
        if (other.kind === 'skipped') put(other.tokens.map(asTextField).join(' '), NOTHING_ADDED)
      },
    )
    return out
  },
  csv(answered, before) {
    const { batch } = answered
    const rows = before === undefined ? [allColumns(batch.columns)] : []
    for (let place = 0; place < batch.count; place++) {
      const own = batch.tokensOf(place).map(token => (token === '-' ? '' : token))
      rows.push([...own, ...addedAt(answered, place)])
    }
    return rows.map(fields => `${fields.map(asCsvField).join(',')}\r\n`).join('')
  },
  ndjson(answered) {
    const { batch, isAnswered } = answered
    const values: unknown[] = []
    inOrder(
      answered,
      place => {
        const fields = namedFields(batch.columns, batch.tokensOf(place))
        values.push(
          isAnswered[place] === 0
            ? { ...fields, problem: 'without-time' }
            : {
                ...fields,
                source: inOneOrder(answered.source(place)),
                destination: inOneOrder(answered.destination(place)),
              },
        )
      },
      other => {
        if (other.kind === 'skipped') {
          values.push({ ...namedFields(batch.columns, other.tokens), problem: other.status.toLowerCase() })
        } else {
          const { line, reason, detail, sample } = other
          values.push({ file: 'in', line, problem: reason, detail, sample })
        }
      },
    )
    return values.map(value => `${JSON.stringify(value)}\n`).join('')
  },
} as const satisfies Record<string, LineForm>

/** The line of the input. */
function lineOf({ batch: { window, lineAt } }: AnsweredBatch, place: number): string {
  if (!window || !lineAt) throw new Error('a batch without lines')
  const bytes = new Uint8Array(window.buffer, window.byteOffset, window.byteLength)
  const begin = lineAt(place)
  const line = bytes.subarray(begin, bytes.indexOf(10, begin))
  return decoder.decode(line.at(-1) === 13 ? line.subarray(0, -1) : line)
}

const NOTHING_ADDED = ADDED_COLUMNS.map(() => '')

const addedAt = (answered: AnsweredBatch, place: number): readonly string[] =>
  answered.isAnswered[place] === 0
    ? NOTHING_ADDED
    : [answered.source(place), answered.destination(place)].flatMap(end =>
        END_FIELDS.map(field => textOfField(end, field)),
      )

const asTextField = (text: string): string => (text === '' ? '-' : text.replace(/[\s%]/g, c => encodeURIComponent(c)))

const asCsvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

function inOneOrder(end: FlowEnd): FlowEnd {
  const { application, resourceId, cluster, account, region, zone, layer, claimId, candidates, service } = end
  const { ip, port, domain, state, reason } = end
  const owner = { application, resourceId, cluster, account, region, zone, layer, claimId, candidates, service }
  return { ...owner, ip, port, domain, state, reason }
}
