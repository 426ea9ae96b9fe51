import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Version = { readonly subject: string; readonly schema: string; readonly id: number }
type Answer = { readonly status: number; readonly body: unknown }

/**
 * A schema registry on loopback that answers as Confluent's REST API has it: POST /subjects/{subject}/versions and GET
 * /schemas/ids/{id}, with its error codes.
 */
export class SchemaRegistryDouble {
  readonly versions: Version[] = []
  /** "GET /schemas/ids/7", in order. */
  readonly requests: string[] = []
  /** Where it is set, what every request gets instead of an answer. */
  outage: Answer | 'reset' | undefined
  /** Subjects that take no other schema than they have. */
  readonly closedSubjects = new Set<string>()
  login: string | undefined
  private server = createServer((request, response) => void this.serve(request, response))
  private nextId = 1

  async listen(port = 0): Promise<string> {
    await new Promise<void>(resolve => this.server.listen(port, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise(resolve => this.server.close(resolve))
  }

  /** As another producer does: an id for a schema, of whatever kind. */
  add(schema: string, more: object = {}): number {
    const id = this.nextId++
    this.versions.push({ subject: 'elsewhere', schema, id, ...more })
    return id
  }

  nextIdIs(id: number): void {
    this.nextId = id
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (this.outage === 'reset') {
      request.socket.destroy()
      return
    }
    const { status, body } = this.outage ?? this.answer(request, Buffer.concat(chunks).toString())
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  private answer({ method, url = '', headers }: IncomingMessage, text: string): Answer {
    if (this.login !== undefined && headers.authorization !== `Basic ${Buffer.from(this.login).toString('base64')}`)
      return { status: 401, body: { error_code: 401, message: 'Unauthorized' } }
    const subject = /^\/subjects\/([^/]+)\/versions$/.exec(url)?.[1]
    if (method === 'POST' && subject) return this.register(decodeURIComponent(subject), JSON.parse(text).schema)
    const id = /^\/schemas\/ids\/(\d+)$/.exec(url)?.[1]
    if (method !== 'GET' || id === undefined)
      return { status: 404, body: { error_code: 404, message: 'HTTP 404 Not Found' } }
    const version = this.versions.find(known => known.id === Number(id))
    if (version === undefined) return { status: 404, body: { error_code: 40403, message: `Schema ${id} not found` } }
    const { subject: _, id: __, ...body } = version
    return { status: 200, body }
  }

  private register(subject: string, schema: string): Answer {
    const known = this.versions.find(version => version.subject === subject && version.schema === schema)
    if (known) return { status: 200, body: { id: known.id } }
    if (this.closedSubjects.has(subject)) {
      const message =
        'Schema being registered is incompatible with an earlier schema: READER_FIELD_MISSING_DEFAULT_VALUE'
      return { status: 409, body: { error_code: 409, message } }
    }
    const id = this.nextId++
    this.versions.push({ subject, schema, id })
    return { status: 200, body: { id } }
  }
}
