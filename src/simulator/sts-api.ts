import { ApiRefusal, xmlReply } from './ec2-protocol.ts'
import type { Identities } from './identities.ts'
import type { Reply, Request } from './loopback.ts'
import { elements, type Xml, xmlDocument } from './xml.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** The STS Query protocol (version 2011-06-15): AssumeRole and GetCallerIdentity. */
export function stsApi(identities: Identities): (request: Request) => Reply {
  return ({ headers, body }) => {
    const parameters = new URLSearchParams(body)
    const action = parameters.get('Action') ?? ''
    try {
      const caller = identities.callerOf(headers)
      if (action === 'GetCallerIdentity') {
        const { account, arn } = caller
        return answer(action, elements({ Arn: arn, UserId: 'AIDASIMULATED', Account: account }))
      }
      if (action !== 'AssumeRole') throw new ApiRefusal('InvalidAction', `Could not find operation ${action}`)
      const session = identities.assume(
        caller,
        parameters.get('RoleArn') ?? '',
        parameters.get('RoleSessionName') ?? '',
        parameters.get('ExternalId'),
        Number(parameters.get('DurationSeconds') ?? 3600),
      )
      return answer(
        action,
        elements({
          Credentials: elements({
            AccessKeyId: session.accessKeyId,
            SecretAccessKey: session.secretAccessKey,
            SessionToken: session.sessionToken,
            Expiration: new Date(session.expiresAtMs).toISOString(),
          }),
          AssumedRoleUser: elements({ Arn: session.arn, AssumedRoleId: session.roleId }),
        }),
      )
    } catch (error) {
      if (error instanceof ApiRefusal) return refused(error)
      throw error
    }
  }
}

const answer = (action: string, result: Xml): Reply =>
  xmlReply(
    200,
    xmlDocument(
      `${action}Response`,
      NAMESPACE,
      elements({ [`${action}Result`]: result, ResponseMetadata: elements({ RequestId: 'simulated' }) }),
    ),
  )

/** Unlike EC2's, an error of STS stands alone and says whose fault it is; an expired session has another code. */
function refused({ status, code, message }: ApiRefusal): Reply {
  const ofSts = code === 'RequestExpired' ? 'ExpiredToken' : code === 'AuthFailure' ? 'InvalidClientTokenId' : code
  const error = elements({ Type: 'Sender', Code: ofSts, Message: message })
  const body = xmlDocument('ErrorResponse', NAMESPACE, elements({ Error: error, RequestId: 'simulated' }))
  return xmlReply(ofSts === code ? status : 403, body)
}
