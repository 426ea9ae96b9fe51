import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type TitusAnswer = { readonly status?: number; readonly body: unknown }

/** Titus' REST API on loopback; what it answers is the test's own. */
export async function startTitusStub(answer: (url: URL) => TitusAnswer) {
  const requests: URL[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://titus')
    requests.push(url)
    const { status = 200, body } = answer(url)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** A task as protobuf JSON prints it. */
export const wireTask = (
  id: string,
  part: { state?: string; jobId?: string; context?: Record<string, string> } = {},
) => ({
  id,
  jobId: part.jobId ?? 'job-1',
  taskContext: {
    'agent.instanceId': 'i-host',
    'agent.zone': 'us-east-1c',
    'task.containerIp': '100.66.9.9',
    'task.containerIPv4': '100.66.9.9',
    'task.networkInterfaceId': 'eni-1',
    'task.effectiveNetworkMode': 'Ipv4Only',
    'task.elasticIPv4': '',
    ...part.context,
  },
  status: { state: part.state ?? 'Started', reasonCode: 'normal', timestamp: '1652458440000', containerState: [] },
  statusHistory: [
    { state: 'Accepted', timestamp: '1652458400000' },
    { state: 'Launched', timestamp: '1652458410000' },
    { state: 'StartInitiated', timestamp: '1652458420000' },
  ],
})

export const wireJob = (id: string, applicationName = 'my-app') => ({
  id,
  jobDescriptor: {
    owner: { teamEmail: 'team@example.com' },
    applicationName,
    jobGroupInfo: { stack: 'prod', detail: '', sequence: 'v001' },
  },
})

export const wirePage = (items: readonly unknown[], cursor = '') => ({
  items,
  pagination: { hasMore: cursor !== '', totalItems: items.length, cursor },
})
