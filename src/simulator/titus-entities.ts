import type { Millis } from '../ownership/window.ts'
import type { Job } from './jobs.ts'
import { jobOf, type Task } from './tasks.ts'
import { REGION } from './world.ts'

/** What Titus' REST writes: 64-bit numbers as strings, enums by name, defaults in full. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export type TaskState = 'Accepted' | 'Launched' | 'StartInitiated' | 'Started' | 'KillInitiated' | 'Finished'

/** The states reached so far with their times; the last is the present one. */
export function statesOf(task: Task, atMs: Millis): { state: TaskState; atMs: Millis }[] {
  const all: { state: TaskState; atMs: Millis }[] = [
    { state: 'Accepted', atMs: task.acceptedMs },
    { state: 'Launched', atMs: task.launchedMs },
    { state: 'StartInitiated', atMs: task.startInitiatedMs },
    { state: 'Started', atMs: task.startedMs },
    { state: 'KillInitiated', atMs: task.killInitiatedMs },
    { state: 'Finished', atMs: task.finishedMs },
  ]
  return all.filter(reached => reached.atMs <= atMs)
}

/** `clockOffsetMs`: by how much the control plane's clock is ahead of the world's. */
export function taskJson(task: Task, atMs: Millis, clockOffsetMs = 0): Json {
  const states = statesOf(task, atMs).map(({ state, atMs: sinceMs }) => ({
    state,
    reasonCode: reasonOf(task, state),
    reasonMessage: '',
    timestamp: String(sinceMs + clockOffsetMs),
    containerState: [],
  }))
  const status = states.at(-1) ?? null
  return {
    id: task.id,
    jobId: jobOf(task, atMs).id,
    taskContext: taskContext(task, atMs),
    status,
    statusHistory: states.slice(0, -1),
    attributes: {},
    version: { timestamp: status?.timestamp ?? '0' },
  }
}

const reasonOf = ({ reason }: Task, state: TaskState): string =>
  state === 'Finished' ? reason : state === 'KillInitiated' ? 'killed' : 'normal'

/** The host is known once the task is launched; the address comes with the first report that it runs, and never goes. */
function taskContext(task: Task, atMs: Millis): { readonly [key: string]: string } {
  const { host, eni, ip, ipv6, transitionIp, moved, mode } = task
  const cell = { 'titus.cell': 'main', 'titus.stack': 'main' }
  if (atMs < task.launchedMs) return cell
  const agent = {
    ...cell,
    'agent.region': REGION,
    'agent.zone': host.subnet.zone,
    'agent.host': host.eni.primaryIp,
    'agent.hostIp': host.eni.primaryIp,
    'agent.instanceId': host.id,
    'kube.nodeName': host.id,
  }
  if (atMs < task.startedMs) return agent
  return {
    ...agent,
    'task.containerIp': ip ?? ipv6 ?? '',
    ...(ip !== null && { 'task.containerIPv4': ip }),
    ...(ipv6 !== null && { 'task.containerIPv6': ipv6 }),
    ...(transitionIp !== null && { 'task.transitionIPv4': transitionIp }),
    ...(moved && moved.atMs <= atMs && { 'task.movedFromJob': task.job.id }),
    'task.networkInterfaceId': eni.id,
    'task.effectiveNetworkMode': mode,
    'task.networkSubnets': eni.subnet.id,
  }
}

export function jobJson(job: Job): Json {
  const kind: { readonly [key: string]: Json } = job.isService
    ? { service: { capacity: { min: 1, desired: 8, max: 50 }, enabled: true } }
    : { batch: { size: 8, runtimeLimitSec: '86400', retryOnRuntimeLimit: false } }
  return {
    id: job.id,
    jobDescriptor: {
      owner: { teamEmail: job.teamEmail },
      applicationName: job.application,
      capacityGroup: 'DEFAULT',
      jobGroupInfo: { stack: job.stack, detail: job.detail, sequence: job.sequence },
      attributes: { name: `${job.application}-${job.stack}-${job.detail}-${job.sequence}` },
      container: {
        image: { name: `example/${job.application}`, tag: 'stable', digest: '' },
        securityProfile: { securityGroups: [], iamRole: '', attributes: {} },
      },
      networkConfiguration: { networkMode: 'Ipv4Only' },
      ...kind,
    },
    status: { state: 'Accepted', reasonCode: 'normal', reasonMessage: '', timestamp: '1' },
    statusHistory: [],
    version: { timestamp: '1' },
  }
}
