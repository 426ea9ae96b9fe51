import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type ChdbConnection, createChdbConnection } from 'chdb/connection'
import { NATIVE_TABLES } from '../../src/store/native-tables.ts'

/**
 * ClickHouse's HTTP interface (https://clickhouse.com/docs/interfaces/http) as far as @clickhouse/client speaks it, with
 * chDB behind it: the statement in the URL or in the body, param_*, database, Basic credentials, /ping, errors with
 * X-ClickHouse-Exception-Code. One per process, as chDB opens one folder per process.
 */
export type ClickHouseHttp = {
  readonly url: string
  /** The URL parameters of every request that carried a statement, oldest first. */
  readonly requests: URLSearchParams[]
  /**
   * Cuts the connection of the next requests, or of those after the first `passing` ones: before the statement runs, while it
   * does, or after it and before the reply.
   */
  cut(when: CutMoment, requests: number, passing?: number): void
  close(): Promise<void>
}

export type CutMoment = 'before' | 'during' | 'after'
type Cut = { when: CutMoment; left: number; passing: number }
type EngineError = { code: string; type: string; message: string }

export async function startClickHouseHttp(
  path: string,
  credentials: { username: string; password: string },
): Promise<ClickHouseHttp> {
  const sessions = new Map<string, Promise<ChdbConnection>>()
  const cut: Cut = { when: 'before', left: 0, passing: 0 }
  const requests: URLSearchParams[] = []
  const authorization = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`

  const sessionOf = (database: string) => {
    const known = sessions.get(database)
    if (known !== undefined) return known
    const opening = openSession(path, database)
    sessions.set(database, opening)
    opening.catch(() => sessions.delete(database)) // It may be made later.
    return opening
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://double')
    if (pathname === '/ping') return void response.end('Ok.\n')
    const bytes = await bytesOf(request)
    const body = bytes.toString('utf8')
    if (request.headers.authorization !== authorization) {
      const message = `${credentials.username}: Authentication failed: password is incorrect`
      return sendError(response, 403, { code: '516', type: 'AUTHENTICATION_FAILED', message })
    }
    requests.push(searchParams)
    const cutting = cut.left > 0 && cut.passing-- <= 0
    if (cutting) cut.left--
    if (cutting && cut.when === 'before') return void request.socket.destroy()
    try {
      const inUrl = searchParams.get('query')
      const session = await sessionOf(searchParams.get('database') ?? 'default')
      const query = inUrl?.endsWith(NATIVE) ? await fromFile(inUrl, bytes) : inUrl
      const running = session.exec({
        query: query ?? body,
        query_params: parametersOf(searchParams),
        ...(inUrl === null || query !== inUrl ? {} : { values: Readable.from([body], { objectMode: false }) }),
      } as Parameters<ChdbConnection['exec']>[0])
      if (cutting && cut.when === 'during') request.socket.destroy()
      const result = await running
      const reply = await textOf(result.stream)
      if (cutting) return void request.socket.destroy()
      response.end(reply)
    } catch (error) {
      sendError(response, 500, error as EngineError)
    }
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    cut: (when, count, passing = 0) => Object.assign(cut, { when, left: count, passing }),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      for (const session of sessions.values()) await (await session).close()
    },
  }
}

async function openSession(path: string, database: string): Promise<ChdbConnection> {
  const connection = createChdbConnection({ path })
  try {
    await connection.command({ query: `USE ${database}` } as Parameters<ChdbConnection['command']>[0])
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const textOf = async (stream: AsyncIterable<Buffer>): Promise<string> => (await bytesOf(stream)).toString('utf8')

const NATIVE = ' FORMAT Native'

/** chDB takes a body as text, which bytes do not survive: they go by way of a file. A server casts to the types of the table. */
async function fromFile(statement: string, bytes: Buffer): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'whohad-native-')), 'body')
  await writeFile(file, bytes)
  const [, table, columns, settings] = /^INSERT INTO (\w+) \(([^)]+)\) (.*) FORMAT Native$/s.exec(statement) ?? []
  const types = new Map(Object.values(NATIVE_TABLES).find(known => known.table === table)?.columns)
  const structure = (columns ?? '').split(', ').map(name => `${name} ${types.get(name)}`)
  return `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM file('${file}', 'Native', '${structure.join(', ')}') ${settings}`
}

function sendError(response: ServerResponse, status: number, { code, type, message }: EngineError): void {
  response.writeHead(status, { 'X-ClickHouse-Exception-Code': code })
  response.end(`Code: ${code}. DB::Exception: ${message} (${type}) (version 26.7.2.1)\n`)
}

/** The client escapes a parameter's text; chDB escapes what it is given, so the double undoes the first. */
function parametersOf(search: URLSearchParams): Record<string, unknown> {
  const parameters: Record<string, unknown> = {}
  for (const [name, text] of search) {
    if (name.startsWith('param_')) parameters[name.slice('param_'.length)] = parameterOf(text)
  }
  return parameters
}

function parameterOf(text: string): unknown {
  if (/^\[-?\d+(,-?\d+)*\]$/.test(text)) return text.slice(1, -1).split(',').map(Number)
  if (/^\['.*'\]$/s.test(text))
    return [...text.matchAll(/'((?:[^'\\]|\\.)*)'/gs)].map(([, item]) => unescaped(item ?? ''))
  return unescaped(text)
}

const LETTERS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' }
const unescaped = (text: string): string => text.replace(/\\(.)/gs, (_, letter: string) => LETTERS[letter] ?? letter)
