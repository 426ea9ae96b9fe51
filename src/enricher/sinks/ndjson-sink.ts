import type { FlowEnd } from '../../store/port.ts'
import { namedFields } from '../flowlogs/fields.ts'
import type { RejectedLine, SkippedLine } from '../flowlogs/parse.ts'
import { type AddressColumn, ipAt, type RecordBatch } from '../flowlogs/record-batch.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { areSame } from './added-columns.ts'
import type { ByteOut } from './byte-out.ts'
import type { EndFields } from './end-parts.ts'
import { JsonFields } from './json-fields.ts'
import type { LineBuffer } from './line-buffer.ts'
import { LineRoom, type LineSinkOptions } from './line-room.ts'
import type { RowSink } from './port.ts'
import { inOrder } from './row-order.ts'

/**
 * One JSON value a line. A record has its own fields by name (`-` is null, account ids stay text) and, where it was answered,
 * `source` and `destination`; a line that is no record says why under `problem`, so that nothing of the input is missing.
 */
export function ndjsonSink(
  out: ByteOut,
  name: string,
  { room = new LineRoom(), isPrompt = false }: LineSinkOptions = {},
): RowSink {
  const { lines } = room
  const answers = new JsonAnswers(room)
  let columns: readonly string[] = []
  let fields = new JsonFields(lines, columns)
  let records = 0
  lines.begin(out, { isPrompt })
  const put = (value: unknown) => lines.text(`${JSON.stringify(value)}\n`)
  const putRecord = (answered: AnsweredBatch, place: number) => {
    const { batch } = answered
    const { window, lineAt } = batch
    if (window && lineAt && fields.put(window, lineAt(place))) answers.put(answered, place)
    else put(asObject(answered, place))
  }
  return {
    async write(answered) {
      const { batch } = answered
      if (!areSame(columns, batch.columns)) {
        columns = batch.columns
        fields = new JsonFields(lines, columns)
      }
      room.number(answered)
      inOrder(
        answered,
        place => putRecord(answered, place),
        other => put(problemOf(other, batch, name)),
      )
      records += batch.count
      if (lines.isDue) await lines.flush()
    },
    async finish() {
      await lines.flush()
      return { records, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}

/** Any record: what the bytes of one that is plain mean. */
function asObject(answered: AnsweredBatch, place: number): unknown {
  const { batch, isAnswered } = answered
  const fields = namedFields(batch.columns, batch.tokensOf(place))
  if (isAnswered[place] === 0) return { ...fields, problem: 'without-time' }
  return {
    ...fields,
    source: inOneOrder(answered.source(place)),
    destination: inOneOrder(answered.destination(place)),
  }
}

function problemOf(other: SkippedLine | RejectedLine, { columns }: RecordBatch, name: string): unknown {
  if (other.kind === 'skipped') return { ...namedFields(columns, other.tokens), problem: other.status.toLowerCase() }
  const { line, reason, detail, sample } = other
  return { file: name, line, problem: reason, detail, sample }
}

/** However an end was made, the same answer is the same text. */
const inOneOrder = (end: FlowEnd): FlowEnd => {
  const { ip, port, domain, state, reason } = end
  return { ...ownerOf(end), ip, port, domain, state, reason }
}

const ownerOf = (end: EndFields) => {
  const { application, resourceId, cluster, account, region, zone, layer, claimId, candidates, service } = end
  return { application, resourceId, cluster, account, region, zone, layer, claimId, candidates, service }
}

const endOfOwner = (end: EndFields): string => JSON.stringify(ownerOf(end)).slice(0, -1)

const beginOfState = ({ domain, state, reason }: EndFields): string =>
  `,${JSON.stringify({ domain, state, reason }).slice(1)}`

/** What is put behind the own fields of a record: its answers, from their parts. */
class JsonAnswers {
  private readonly lines: LineBuffer
  private readonly room: LineRoom
  private readonly owners
  private readonly states

  constructor(room: LineRoom) {
    this.room = room
    this.lines = room.lines
    this.owners = room.partsOf(endOfOwner)
    this.states = room.partsOf(beginOfState)
  }

  put({ batch, isAnswered }: AnsweredBatch, place: number): void {
    const { lines, room } = this
    if (isAnswered[place] === 0) {
      lines.text(',"problem":"without-time"}\n')
      return
    }
    lines.text(',"source":')
    this.putEnd(room.sources[place] as number, batch.packetSource, batch.sourceAddress, batch.sourcePorts, place)
    lines.text(',"destination":')
    this.putEnd(
      room.destinations[place] as number,
      batch.packetDestination,
      batch.destinationAddress,
      batch.destinationPorts,
      place,
    )
    lines.text('}\n')
  }

  private putEnd(end: number, packet: AddressColumn, observed: AddressColumn, ports: Int32Array, place: number): void {
    const { lines } = this
    this.owners.put(end, lines)
    lines.text(',"ip":"')
    putAddress(lines, packet.families[place] === 0 ? observed : packet, place)
    lines.text('","port":')
    lines.digits(Math.max(0, ports[place] as number))
    this.states.put(end, lines)
  }
}

function putAddress(lines: LineBuffer, column: AddressColumn, place: number): void {
  const family = column.families[place]
  if (family === 4) lines.ipv4(column.words[place * 4] as number)
  else if (family === 6) lines.text(ipAt(column, place))
}
