import { declareError } from '../runtime/errors.ts'

type Place = { readonly account: string; readonly region: string }

/** Why an inventory could not be listed whole. Each of them refuses the poll: failure is not emptiness. */
export const pollerErrors = {
  ec2Unreachable: declareError(
    'WHOHAD_EC2_UNREACHABLE',
    'unreachable',
    (d: Place & { why: string }) =>
      `The EC2 API of account ${d.account} in ${d.region} cannot be reached: ${d.why}. Check the region, the endpoint and the network path to it.`,
    true,
  ),
  ec2Denied: declareError(
    'WHOHAD_EC2_DENIED',
    'failure',
    (d: Place & { who: string | null; why: string; allow: string }) =>
      `EC2 does not let ${d.who ?? 'us'} list account ${d.account} in ${d.region}: ${d.why}. ${d.allow}`,
  ),
  ec2WrongAccount: declareError(
    'WHOHAD_EC2_WRONG_ACCOUNT',
    'usage',
    (d: Place & { who: string; actual: string }) =>
      `The credentials for account ${d.account} in ${d.region} are ${d.who}, which is in account ${d.actual}: what they list would be recorded as the other account's. Set ec2[].account to ${d.actual}, or give credentials or a roleArn of ${d.account}.`,
  ),
  ec2Throttled: declareError(
    'WHOHAD_EC2_THROTTLED',
    'unreachable',
    (d: Place & { why: string }) =>
      `EC2 throttled the listing of account ${d.account} in ${d.region} beyond all retries: ${d.why}. Poll less often, or find out who else uses up the request rate of this account and region.`,
    true,
  ),
  ec2Failed: declareError(
    'WHOHAD_EC2_FAILED',
    'failure',
    (d: Place & { why: string }) =>
      `EC2 answered the listing of account ${d.account} in ${d.region} with an error: ${d.why}. The poll is repeated; if the error stays, look the code up in the EC2 API reference.`,
  ),
  ec2ReplyMalformed: declareError(
    'WHOHAD_EC2_REPLY_MALFORMED',
    'input',
    (d: { what: string }) =>
      `An EC2 reply cannot be understood: ${d.what}. Check that the endpoint is an EC2 API; if it is, report this with the reply.`,
  ),
  titusUnreachable: declareError(
    'WHOHAD_TITUS_UNREACHABLE',
    'unreachable',
    (d: { url: string; why: string }) =>
      `Titus at ${d.url} cannot be read: ${d.why}. Check the address in the configuration and that the gateway is healthy.`,
    true,
  ),
  titusDenied: declareError(
    'WHOHAD_TITUS_DENIED',
    'failure',
    (d: { url: string; status: number }) =>
      `Titus refused ${d.url} with status ${d.status}. Check the credentials and that this client may read jobs and tasks.`,
  ),
  titusFailed: declareError(
    'WHOHAD_TITUS_FAILED',
    'failure',
    (d: { url: string; status: number }) =>
      `Titus answered ${d.url} with status ${d.status}. Check that the address leads to a gateway or federation that serves /api/v3.`,
  ),
  titusReplyMalformed: declareError(
    'WHOHAD_TITUS_REPLY_MALFORMED',
    'input',
    (d: { url: string; what: string }) =>
      `The reply of ${d.url} cannot be understood: ${d.what}. Check that it is a Titus REST API v3; if it is, report this with the reply.`,
  ),
  titusInterfaceUnplaced: declareError(
    'WHOHAD_TITUS_INTERFACE_UNPLACED',
    'state',
    (d: { task: string; eni: string | null }) =>
      d.eni === null
        ? `Titus task ${d.task} has an address and names no network interface, so its routing domain is not known. Check the task's context for task.networkInterfaceId.`
        : `Titus task ${d.task} is on network interface ${d.eni}, which no EC2 poll has shown, so its routing domain is not known. Wait for the next EC2 poll, or add the account and region of that interface to the pollers.`,
    true,
  ),
  superseded: declareError(
    'WHOHAD_POLLER_SUPERSEDED',
    'state',
    (d: { source: string; epoch: number; newest: number }) =>
      d.newest > d.epoch
        ? `Another poller of ${d.source} has taken over with epoch ${d.newest}; this one had epoch ${d.epoch}. Nothing of this poll counts. A poller that goes on stands by from now on.`
        : `Another poller of ${d.source} took epoch ${d.epoch} at the same moment, so neither has it. Try again.`,
    true,
  ),
  sourceRemoved: declareError(
    'WHOHAD_SOURCE_REMOVED',
    'state',
    (d: { source: string; atMs: number }) =>
      `The source ${d.source} was removed as of ${new Date(d.atMs).toISOString()}, and its name is not used again: answers about the time since rest on its silence. Take it out of the configuration.`,
  ),
} as const
