import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Passed = { readonly action: string; readonly page: number; readonly xml: string }
export type Tamper = (reply: Passed) => string | { readonly status: number; readonly code: string }

export type TamperedEc2 = {
  readonly endpoint: string
  /** May be changed at any time; `untouched` at first. */
  tamper: Tamper
  close(): Promise<void>
}

export const untouched: Tamper = ({ xml }) => xml

/** Stands before the simulated EC2 API and passes on what it answers, or something else. Pages count from 1 for each action. */
export async function startTamperedEc2(upstream: string): Promise<TamperedEc2> {
  const pages = new Map<string, number>()
  const proxy = { tamper: untouched }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const body = Buffer.concat(chunks)
      const parameters = new URLSearchParams(body.toString())
      const action = parameters.get('Action') ?? ''
      const page = parameters.has('NextToken') ? (pages.get(action) ?? 1) + 1 : 1
      pages.set(action, page)
      // Who asks, and for which region, is in how the request is signed.
      const headers = Object.fromEntries(
        Object.entries(request.headers).flatMap(([name, value]) =>
          /^(content-type|authorization|x-amz-.*)$/.test(name) && typeof value === 'string' ? [[name, value]] : [],
        ),
      )
      const passed = await fetch(upstream, { method: 'POST', headers, body })
      const xml = await passed.text()
      const told = passed.ok ? proxy.tamper({ action, page, xml }) : xml
      const isError = typeof told !== 'string'
      response.writeHead(isError ? told.status : passed.status, { 'content-type': 'text/xml;charset=UTF-8' })
      response.end(isError ? errorXml(told.code) : told)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(proxy, {
    endpoint: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  })
}

const errorXml = (code: string) =>
  `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>tampered</Message></Error></Errors><RequestID>r</RequestID></Response>`

/** The reply with only those items of a set that are wanted, by their place and text. */
export function onlyItems(xml: string, set: string, wanted: (item: string, place: number) => boolean): string {
  const begin = xml.indexOf(`<${set}>`)
  if (begin < 0) return xml
  const from = begin + set.length + 2
  const items: string[] = []
  let depth = 0
  let itemFrom = from
  const tag = /<item>|<item\/>|<\/item>|<\/?[A-Za-z]+Set>/g
  tag.lastIndex = from
  for (let found = tag.exec(xml); found !== null; found = tag.exec(xml)) {
    const [text] = found
    if (text === '<item>' && depth++ === 0) itemFrom = found.index
    else if (text === '</item>' && --depth === 0) items.push(xml.slice(itemFrom, tag.lastIndex))
    else if (text === `</${set}>` && depth === 0) {
      return xml.slice(0, from) + items.filter(wanted).join('') + xml.slice(found.index)
    }
  }
  throw new Error(`${set} does not end`)
}

export const withoutTags = (xml: string): string => xml.replaceAll(/<tagSet>.*?<\/tagSet>/gs, '<tagSet/>')
export const withoutNextPage = (xml: string): string => xml.replaceAll(/<nextToken>.*?<\/nextToken>/gs, '')
