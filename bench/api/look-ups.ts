import autocannon from 'autocannon'
import { answerTask } from '../enrich/child.ts'
import { BASE_MS, Estate, SPAN_MS } from '../index/estate.ts'
import { DOMAIN } from '../index/facts.ts'
import { choiceOf, seedOf } from '../index/random.ts'
import { type Holder, skewedAddress, Truth, uniformAddress } from './truth.ts'

export type LookUpTask = {
  readonly url: string
  readonly key: string
  readonly claims: number
  readonly seed: number
  readonly seconds: number
  readonly connections: number
  /** Requests a second; as many as can be had where it is left out. */
  readonly rate?: number
}

export type LookUpResult = {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly checked: number
  readonly clientCpuSeconds: number
}

const QUESTIONS_OF_A_CONNECTION = 1000
const CHECKED_EVERY = 32
const TIMES = 2010

type Question = { readonly path: string; readonly key: string; readonly holder: Holder | undefined }

/**
 * Asks `GET /v1/whohad` from a process of its own; every 32nd answer is compared with the truth.
 *
 * Throws where one is wrong, or a request has no answer.
 */
async function run(task: LookUpTask): Promise<LookUpResult> {
  const { connections, seconds, rate } = task
  const truth = new Truth(new Estate({ versions: task.claims, seed: task.seed }))
  const questions = Array.from({ length: connections * QUESTIONS_OF_A_CONNECTION }, (_, i) => questionOf(truth, i))
  const holders = new Map(questions.map(({ key, holder }) => [key, holder]))
  const tookMs: number[] = []
  let seen = 0
  let checked = 0
  let next = 0
  const before = process.cpuUsage()
  const options: autocannon.Options = {
    url: task.url,
    connections,
    duration: seconds,
    ...(rate !== undefined && { overallRate: rate }),
    headers: { authorization: `Bearer ${task.key}` },
    setupClient(client) {
      const own = questions.slice(next, next + QUESTIONS_OF_A_CONNECTION)
      next += QUESTIONS_OF_A_CONNECTION
      client.setRequests(own.map(({ path }) => ({ method: 'GET', path })))
    },
    verifyBody(body) {
      if (++seen % CHECKED_EVERY !== 0) return true
      checked++
      return isRight(String(body), holders)
    },
  }
  const result = await asked(options, ms => tookMs.push(ms))
  const { user, system } = process.cpuUsage(before)
  const failed = result.mismatches + result.non2xx + result.errors
  if (failed > 0) {
    throw new Error(`${result.mismatches} wrong answers, ${result.non2xx} refusals, ${result.errors} errors`)
  }
  tookMs.sort((a, b) => a - b)
  const at = (share: number) => tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN
  return {
    requests: tookMs.length,
    perSecond: tookMs.length / result.duration,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    checked,
    clientCpuSeconds: (user + system) / 1e6,
  }
}

function asked(options: autocannon.Options, answered: (ms: number) => void): Promise<autocannon.Result> {
  return new Promise((resolve, reject) => {
    const running = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
    running.on('response', (_client, _status, _bytes, ms) => answered(ms))
  })
}

/** Half of them about addresses that are asked about often, half about any. */
function questionOf(truth: Truth, i: number): Question {
  const { estate } = truth
  const address = i % 2 === 0 ? skewedAddress(estate, i) : uniformAddress(estate, i)
  const atMs = choiceOf(seedOf(TIMES, i), 0, SPAN_MS)
  const ip = truth.address(address)
  return {
    path: `/v1/whohad?ip=${ip}&at=${BASE_MS + atMs}&domain=${DOMAIN}`,
    key: `${ip} ${BASE_MS + atMs}`,
    holder: truth.holder(address, atMs),
  }
}

type Said = {
  readonly state: string
  readonly question: { readonly ip: string; readonly from: { readonly ms: number } }
  readonly holding: { readonly owner: { readonly kind: string; readonly resourceId: string } } | null
}

function isRight(body: string, holders: ReadonlyMap<string, Holder | undefined>): boolean {
  const { question, state, holding } = JSON.parse(body) as Said
  const key = `${question.ip} ${question.from.ms}`
  if (!holders.has(key)) return false
  const holder = holders.get(key)
  if (holder !== undefined) return state === 'owned' && holding?.owner.resourceId === holder.task
  return holding?.owner.kind !== 'container'
}

await answerTask(run)
