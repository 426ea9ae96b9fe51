import type { FlowEnd } from '../../store/port.ts'
import { namedFields } from '../flowlogs/fields.ts'
import type { ByteOut } from './byte-out.ts'
import { LineBuffer } from './line-buffer.ts'
import type { RowSink } from './port.ts'
import { inOrder } from './row-order.ts'

/**
 * One JSON value a line. A record has its own fields by name (`-` is null, account ids stay text) and, where it was answered,
 * `source` and `destination`; a line that is no record says why under `problem`, so that nothing of the input is missing.
 */
export function ndjsonSink(out: ByteOut, name: string): RowSink {
  const lines = new LineBuffer(out)
  let records = 0
  const put = (value: unknown) => lines.text(`${JSON.stringify(value)}\n`)
  return {
    async write(answered) {
      const { batch } = answered
      inOrder(
        answered,
        place => {
          const fields = namedFields(batch.columns, batch.tokensOf(place))
          if (answered.isAnswered[place] === 0) put({ ...fields, problem: 'without-time' })
          else
            put({
              ...fields,
              source: inOneOrder(answered.source(place)),
              destination: inOneOrder(answered.destination(place)),
            })
        },
        other => {
          if (other.kind === 'skipped') {
            put({ ...namedFields(batch.columns, other.tokens), problem: other.status.toLowerCase() })
          } else {
            const { line, reason, detail, sample } = other
            put({ file: name, line, problem: reason, detail, sample })
          }
        },
      )
      records += batch.count
      await lines.flush()
    },
    async finish() {
      await lines.flush(0)
      return { records, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}

/** However an end was made, the same answer is the same text. */
const inOneOrder = (end: FlowEnd): FlowEnd => {
  const { application, resourceId, cluster, account, region, zone, layer, claimId, candidates, service } = end
  const { ip, port, domain, state, reason } = end
  const owner = { application, resourceId, cluster, account, region, zone, layer, claimId, candidates, service }
  return { ...owner, ip, port, domain, state, reason }
}
