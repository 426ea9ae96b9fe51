import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { access, constants, readFile, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { lockHolder } from '../changestream/embedded/lock.ts'
import { systemClock } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/errors.ts'
import { type Examination, type Finding, fail, ok, warn } from './doctor-finding.ts'
import { roomFinding } from './doctor-words.ts'
import type { Settings } from './settings.ts'

/** What this machine must have: a folder to write to, room in it, a free port, and the files that the configuration names. */
export const hostExaminations = (settings: Settings): readonly Examination[] => [
  dataExamination(settings),
  portExamination(settings),
  ...filesNamedIn(settings).map(fileExamination),
]

function dataExamination({ data, kafka }: Settings): Examination {
  const about = { check: 'data folder', about: data.path }
  return {
    ...about,
    async examine() {
      const folder = nearestThere(resolve(data.path))
      try {
        await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
      } catch (error) {
        return [fail(about, reasonOf(error), `Let this user read and write ${folder}, or name another in data.path.`)]
      }
      const { bavail, blocks, bsize } = await statfs(folder)
      const detail = folder === resolve(data.path) ? 'can be written' : 'is not there yet, and can be made'
      const holder = kafka.brokers.length > 0 ? undefined : await lockHolder(join(data.path, 'changes'))
      const held =
        holder === undefined ? '' : `; its change stream is held by process ${holder}, which is the one that may write`
      return [ok(about, detail + held), roomFinding(data.path, bavail * bsize, blocks * bsize)]
    },
  }
}

const nearestThere = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestThere(dirname(path))

const PORT_MENDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Stop what listens there, or set another api.port.',
  EADDRNOTAVAIL: 'Set api.host to an address of this machine.',
  EACCES: 'Set an api.port of 1024 or above, or give this process the right to the port.',
}

function portExamination({ api: { host, port, tlsCertFile } }: Settings): Examination {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const about = { check: 'port', about: where }
  return {
    ...about,
    async examine() {
      const refused = await listenAndClose(host, port)
      if (refused === undefined) return [ok(about, 'free')]
      const code = refused.code ?? ''
      const version = code === 'EADDRINUSE' ? await runningVersion(where) : undefined
      // Its certificate is for another name than this address, most likely: whoever asks by that name can tell.
      if (code === 'EADDRINUSE' && tlsCertFile !== undefined && version === undefined)
        return [
          warn(
            about,
            'taken, maybe by a whohad that speaks TLS',
            'If it is one, ask it with --url https://…; else see api.port.',
          ),
        ]
      if (version !== undefined)
        return [ok(about, `whohad ${version} listens there; ask it with --url http://${where}`)]
      return [fail(about, refused.message, PORT_MENDS[code] ?? 'See that api.host and api.port can be listened on.')]
    },
  }
}

const listenAndClose = (host: string, port: number): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise(done => {
    const server = createServer()
    server.once('error', done)
    server.listen({ host, port }, () => server.close(() => done(undefined)))
  })

/** Whoever has the port is on this machine, and answers at once if it is a whohad. */
const ANSWERS_WITHIN_MS = 2_000

/** Undefined where it is no whohad that answers, or none that speaks HTTP. */
async function runningVersion(where: string): Promise<string | undefined> {
  try {
    const reply = await fetch(`http://${where}/livez`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) })
    const body: unknown = await reply.json()
    return typeof body === 'object' && body !== null && 'version' in body ? String(body.version) : undefined
  } catch {
    return undefined // Something else has the port, and that is what is told.
  }
}

type NamedFile = { readonly key: string; readonly file: string }

/** Every key of a section that names a file. */
function filesNamedIn(settings: Settings): readonly NamedFile[] {
  const { api, kafka } = settings
  return Object.entries({ api, kafka }).flatMap(([section, keys]) =>
    Object.entries(keys).flatMap(([key, value]) =>
      key.endsWith('File') && typeof value === 'string' ? [{ key: `${section}.${key}`, file: value }] : [],
    ),
  )
}

const DAY_MS = 24 * 3600 * 1000
const SOON_MS = 21 * DAY_MS

function fileExamination({ key, file }: NamedFile): Examination {
  const about = { check: 'file', about: key }
  return {
    ...about,
    async examine() {
      let text: string
      try {
        text = await readFile(file, 'utf8')
      } catch (error) {
        return [fail(about, reasonOf(error), `Let this user read ${file}, or correct ${key}.`)]
      }
      return [/tlsC(ert|a)File$/.test(key) ? certificateFinding(about, text) : ok(about, `${file} can be read`)]
    },
  }
}

/** Of the first certificate of a file: its own, where it is followed by who signed it. */
function certificateFinding(about: Pick<Finding, 'check' | 'about'>, text: string): Finding {
  let validTo: string
  try {
    ;({ validTo } = new X509Certificate(text))
  } catch (error) {
    return fail(about, `no certificate in PEM: ${reasonOf(error)}`, `Name a PEM file in ${about.about}.`)
  }
  const leftMs = Date.parse(validTo) - systemClock.now()
  const detail = `a certificate that is valid until ${new Date(validTo).toISOString()}`
  const mend = 'Renew it.'
  if (leftMs <= 0) return fail(about, detail.replace('is valid', 'was valid'), mend)
  return leftMs < SOON_MS ? warn(about, detail, mend) : ok(about, detail)
}
