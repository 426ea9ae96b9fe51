import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { answerTask } from '../enrich/child.ts'
import { BASE_MS, Estate, SPAN_MS } from '../index/estate.ts'
import { DOMAIN } from '../index/facts.ts'
import { choiceOf, seedOf } from '../index/random.ts'
import { type Holder, skewedAddress, Truth, uniformAddress } from './truth.ts'

export type StreamTask = {
  readonly url: string
  readonly key: string
  readonly claims: number
  readonly seed: number
  readonly kind: StreamKind
  readonly lines: number
}
/** `bulk`: CSV of addresses that come again and again; `bulk-uniform`: of any addresses; `annotate`: what netstat prints. */
export type StreamKind = 'bulk' | 'bulk-uniform' | 'annotate'

export type StreamResult = {
  readonly lines: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly seconds: number
  readonly checked: number
}

const CHECKED_EVERY = 997
const PIECE_BYTES = 256 * 1024
const [TIMES, PORTS] = [2020, 2021]
const LINE_FEED = 10
/** Of a netstat text, which carries no time: in the middle of the estate's days. */
const NETSTAT_AT_MS = SPAN_MS / 2

type Expected = { readonly line: string; readonly holder: Holder | undefined }
type Made = { readonly bytes: Buffer; readonly expected: ReadonlyMap<number, Expected> }

/** Sends a text through a route while its answer is read, in a process of its own. Throws where a sampled line is wrong. */
async function run(task: StreamTask): Promise<StreamResult> {
  const truth = new Truth(new Estate({ versions: task.claims, seed: task.seed }))
  const { bytes, expected } = task.kind === 'annotate' ? netstat(truth, task.lines) : csv(truth, task)
  const path = task.kind === 'annotate' ? `/v1/annotate?domain=${DOMAIN}&at=${BASE_MS + NETSTAT_AT_MS}` : '/v1/whohad'
  const startedMs = performance.now()
  const sending = request(task.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${task.key}`,
      'content-type': task.kind === 'annotate' ? 'text/plain' : 'text/csv',
    },
  })
  const [{ lines, bytesOut, checked }] = await Promise.all([answered(sending, expected), send(sending, bytes)])
  const seconds = (performance.now() - startedMs) / 1000
  const asked = task.lines + (task.kind === 'annotate' ? 0 : 1)
  if (lines !== asked) throw new Error(`${lines} lines came back of ${asked}`)
  if (checked !== expected.size) throw new Error(`${checked} lines were compared of ${expected.size}`)
  return { lines: task.lines, bytesIn: bytes.length, bytesOut, seconds, checked }
}

function csv(truth: Truth, { kind, lines }: StreamTask): Made {
  const { estate } = truth
  return made('ip,at,domain\n', lines, i => {
    const address = kind === 'bulk' ? skewedAddress(estate, i) : uniformAddress(estate, i)
    const atMs = choiceOf(seedOf(TIMES, i), 0, SPAN_MS / 1000) * 1000
    return {
      line: `${truth.address(address)},${(BASE_MS + atMs) / 1000},${DOMAIN}`,
      holder: () => truth.holder(address, atMs),
    }
  })
}

function netstat(truth: Truth, lines: number): Made {
  const { estate } = truth
  const end = (address: string, port: number) => `${address}:${port}`.padEnd(23)
  return made('', lines, i => {
    const seed = seedOf(PORTS, i)
    const local = truth.address(skewedAddress(estate, Math.floor(i / 50)))
    const remote = skewedAddress(estate, i)
    const ports = [443, 7001, 8080, 9090][choiceOf(seed, 0, 4)] ?? 443
    return {
      line: `tcp        0      0 ${end(local, ports)} ${end(truth.address(remote), 32_768 + choiceOf(seed, 1, 28_000))} ESTABLISHED`,
      holder: () => truth.holder(remote, NETSTAT_AT_MS),
    }
  })
}

function made(
  head: string,
  lines: number,
  lineOf: (i: number) => { readonly line: string; readonly holder: () => Holder | undefined },
): Made {
  const pieces = [Buffer.from(head)]
  const expected = new Map<number, Expected>()
  const before = head === '' ? 0 : 1
  let texts: string[] = []
  for (let i = 0; i < lines; i++) {
    const { line, holder } = lineOf(i)
    texts.push(line, '\n')
    if (i % CHECKED_EVERY === 0) expected.set(i + before, { line, holder: holder() })
    if (texts.length < 20_000 && i < lines - 1) continue
    pieces.push(Buffer.from(texts.join('')))
    texts = []
  }
  return { bytes: Buffer.concat(pieces), expected }
}

async function send(sending: ReturnType<typeof request>, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (!sending.write(bytes.subarray(at, at + PIECE_BYTES))) await once(sending, 'drain')
  }
  sending.end()
}

async function answered(sending: ReturnType<typeof request>, expected: Made['expected']) {
  const [reply] = (await once(sending, 'response')) as [IncomingMessage]
  if (reply.statusCode !== 200) throw new Error(`answered with ${reply.statusCode}`)
  let carried = Buffer.alloc(0)
  let [lines, bytesOut, checked] = [0, 0, 0]
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    bytesOut += chunk.length
    const first = chunk.indexOf(LINE_FEED)
    let from = 0
    for (let end = first; end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      const wanted = expected.get(lines++)
      if (wanted) {
        const line = chunk.toString('utf8', from, end)
        check(from === 0 ? carried.toString() + line : line, wanted)
        checked++
      }
      from = end + 1
    }
    carried = first < 0 ? Buffer.concat([carried, chunk]) : Buffer.from(chunk.subarray(from))
  }
  return { lines, bytesOut, checked }
}

/** The line as it was sent, and about its last address what is true. */
function check(answer: string, { line, holder }: Expected): void {
  const isRight = answer.startsWith('tcp') ? isNoted(answer, line, holder) : isAnswered(answer, line, holder)
  if (!isRight) throw new Error(`"${answer}" is no answer to "${line}"; the truth is ${JSON.stringify(holder)}`)
}

function isAnswered(answer: string, line: string, holder: Holder | undefined): boolean {
  if (!answer.startsWith(`${line},${DOMAIN},`)) return false
  const [state, , application, , kind, task] = answer.slice(line.length + DOMAIN.length + 2).split(',')
  if (holder === undefined) return kind !== 'container'
  return state === 'owned' && application === holder.application && task === holder.task
}

function isNoted(answer: string, line: string, holder: Holder | undefined): boolean {
  if (answer.replace(/\{[^}]*\}/g, '') !== line) return false
  const notes = answer.match(/\{[^}]*\}/g) ?? []
  if (notes.length !== 2) return false
  return holder === undefined || notes[1] === `{${holder.application}}`
}

await answerTask(run)
