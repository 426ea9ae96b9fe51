import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A value as EC2 writes it: lists become <item>s, undefined is left out. */
export type Wire = string | number | boolean | undefined | readonly Wire[] | { readonly [key: string]: Wire }

export type Ec2Request = { readonly action: string; readonly parameters: URLSearchParams }
export type Ec2Reply =
  | { readonly body: { readonly [key: string]: Wire } }
  | { readonly status: number; readonly code: string /** The server's clock. */; readonly date?: Date }

export type Ec2Stub = {
  readonly endpoint: string
  readonly requests: Ec2Request[]
  close(): Promise<void>
}

/** The EC2 Query protocol on loopback; what it answers is the test's own. */
export async function startEc2Stub(answer: (request: Ec2Request) => Ec2Reply): Promise<Ec2Stub> {
  const requests: Ec2Request[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const parameters = new URLSearchParams(Buffer.concat(chunks).toString())
      const asked = { action: parameters.get('Action') ?? '', parameters }
      requests.push(asked)
      const reply = answer(asked)
      response.setHeader('content-type', 'text/xml;charset=UTF-8')
      if ('code' in reply) {
        response.statusCode = reply.status
        if (reply.date) response.setHeader('date', reply.date.toUTCString())
        response.end(
          `<?xml version="1.0"?><Response><Errors><Error><Code>${reply.code}</Code><Message>said the stub</Message></Error></Errors><RequestID>r</RequestID></Response>`,
        )
        return
      }
      const name = `${asked.action}Response`
      response.end(
        `<?xml version="1.0"?><${name} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${write(reply.body)}</${name}>`,
      )
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function write(value: Wire): string {
  if (value === undefined) return ''
  if (typeof value !== 'object') return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  if (Array.isArray(value)) return value.map(item => `<item>${write(item)}</item>`).join('')
  return Object.entries(value)
    .map(([key, part]) => (part === undefined ? '' : `<${key}>${write(part)}</${key}>`))
    .join('')
}
