import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lockFolder } from '../changestream/embedded/lock.ts'
import { changestreamErrors } from '../changestream/errors.ts'
import { PUBLIC_IPV6 } from '../ownership/domains.ts'
import { DEFAULT_GUARDS } from '../pollers/guards.ts'
import { WhohadError } from '../runtime/errors.ts'
import type { SimulatedCloud } from '../simulator/cloud.ts'
import { cliErrors } from './errors.ts'
import type { Settings } from './settings.ts'
import type { Credentials } from './sources.ts'

/** The simulated cloud takes any. */
export const SIMULATED_CREDENTIALS: Credentials = { accessKeyId: 'SIMULATED', secretAccessKey: 'simulated' }
const POLL_SECONDS = 60

/** The user's settings with the simulated cloud as the only estate, at the bounds that it promises to keep. */
export function simulatedSettings(settings: Settings, cloud: SimulatedCloud): Settings {
  const { bounds, account, region, partition, endpoints, bucket, prefix } = cloud
  const declared = {
    pollSeconds: POLL_SECONDS,
    fastestPollSeconds: POLL_SECONDS,
    lagSeconds: bounds.lagMs / 1000,
    clockErrorSeconds: bounds.clockErrorMs / 1000,
    bridgeSeconds: bounds.bridgeMs / 1000,
    briefestHoldingSeconds: bounds.briefestHoldingMs / 1000,
    ...DEFAULT_GUARDS,
    takeOverAfterPolls: 2,
  }
  return {
    ...settings,
    // A simulated estate has no place among the claims of a real one.
    kafka: { ...settings.kafka, brokers: [] },
    clickhouse: { username: 'default', password: '', database: 'whohad' },
    domains: cloud.vpcs.map(({ vpc, name }) => ({ domain: name, vpc })),
    reach: [],
    ec2: [
      {
        account,
        region,
        partition,
        endpoint: endpoints.ec2,
        stsEndpoint: endpoints.sts,
        sessionName: 'whohad',
        lookSeconds: 15,
        requestsPerSecond: 2,
        requestBurst: 10,
        // Simulated time stands still while a request is under way: none is slower than another.
        hedgeSlowPages: false,
        ...declared,
      },
    ],
    titus: [
      {
        name: 'main',
        url: endpoints.titus,
        covers: cloud.vpcs.flatMap(({ name, cidr, cidr6 }) => [
          { domain: name, prefix: cidr },
          { domain: name, prefix: cidr6 },
          { domain: PUBLIC_IPV6, prefix: cidr6 },
        ]),
        lookSeconds: 15,
        ...declared,
      },
    ],
    flowLogs: [
      {
        bucket,
        prefix,
        region,
        endpoint: endpoints.s3,
        lateSeconds: 3600,
        topicGroup: 'whohad-enrichers',
        corrections: true,
        sightings: true,
        slackSeconds: bounds.slackMs / 1000,
        holdSeconds: 3 * POLL_SECONDS,
        listSeconds: POLL_SECONDS,
      },
    ],
  }
}

const MARK = 'simulated-cloud.json'

/**
 * An empty folder for a simulated world. What an earlier demo left is replaced: a world's ids are made from its seed, and a
 * second world in the same folder would use the first one's again. Anything else in the folder is left alone.
 *
 * @throws WHOHAD_DEMO_FOLDER_IN_USE
 */
export async function freshFolder(path: string, seed: number): Promise<void> {
  if (existsSync(path)) {
    const inside = await readdir(path)
    if (inside.length > 0 && !inside.includes(MARK)) throw cliErrors.demoFolderInUse({ path })
    if (await isInUse(join(path, 'changes'))) throw cliErrors.demoFolderInUse({ path })
    await rm(path, { recursive: true })
  }
  await mkdir(path, { recursive: true })
  await writeFile(join(path, MARK), `${JSON.stringify({ seed })}\n`)
}

async function isInUse(changes: string): Promise<boolean> {
  if (!existsSync(changes)) return false
  try {
    await (await lockFolder(changes)).release()
    return false
  } catch (error) {
    if (error instanceof WhohadError && error.code === changestreamErrors.locked.code) return true
    throw error
  }
}
