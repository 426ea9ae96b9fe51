import { Command } from 'commander'
import type { CommandParts } from './changes-cli.ts'

type ServingFlags = {
  readonly config?: string
  readonly data?: string
  readonly host?: string
  readonly port?: number
}

/** Threads of Node's pool, which is sized before anything is imported (bin/whohad.cjs). */
export const threadPoolSize = () => Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)

/** `whohad up`. */
export const upCommand = ({ withPlaces, settingsOf, untilStopped, wholeNumber }: CommandParts): Command =>
  withPlaces(new Command('up'))
    .description('run everything that is configured: pollers, enrichers, the API and the page')
    .option('--host <address>', 'address to listen on')
    .option('--port <port>', 'port to listen on', wholeNumber)
    .addHelpText('after', UP_HELP)
    .action(async (_options: unknown, command: Command) => {
      const settings = await settingsOf(command.optsWithGlobals<ServingFlags>())
      const { up } = await import('./up-command.ts')
      await up(settings, { threadPoolSize: threadPoolSize(), signal: untilStopped() })
    })

/** `whohad enrich`. */
export const enrichCommand = ({ withPlaces, settingsOf, untilStopped, wholeNumber }: CommandParts): Command =>
  withPlaces(new Command('enrich'))
    .description('only enrich flow logs: follow the change stream that others write, as one of several processes')
    .option('--host <address>', 'address to listen on, for probes and metrics')
    .option('--port <port>', 'port to listen on', wholeNumber)
    .addHelpText('after', ENRICH_HELP)
    .action(async (_options: unknown, command: Command) => {
      const settings = await settingsOf(command.optsWithGlobals<ServingFlags>())
      const { enrich } = await import('./up-command.ts')
      await enrich(settings, { threadPoolSize: threadPoolSize(), signal: untilStopped() })
    })

type DemoFlags = ServingFlags & {
  readonly seed: number
  readonly minutes?: number
  readonly once?: boolean
  readonly json?: boolean
}

/** `whohad demo`. */
export const demoCommand = ({ withPlaces, settingsOf, untilStopped, wholeNumber }: CommandParts): Command =>
  withPlaces(new Command('demo'))
    .description('run everything against a simulated cloud that knows the truth')
    .option('--seed <n>', 'which world', wholeNumber, 1)
    .option('--minutes <n>', 'simulated minutes before the first question (default: 20, with --once 60)', wholeNumber)
    .option('--once', 'live them, compare every answer with the truth, print a summary, end')
    .option('--json', 'with --once: one JSON object as the last line on stdout')
    .option('--host <address>', 'address to listen on')
    .option('--port <port>', 'port to listen on', wholeNumber)
    .addHelpText('after', DEMO_HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DemoFlags>()
      const { seed, once = false, json = false, minutes = once ? 60 : 20 } = options
      const settings = await settingsOf(options)
      const run = { seed, minutes, json, threadPoolSize: threadPoolSize(), signal: untilStopped() }
      const { demoLive, demoOnce } = await import('./demo-command.ts')
      process.exitCode = once ? await demoOnce(settings, options.data, run) : await demoLive(settings, run)
    })

const UP_HELP = `
Examples:
  whohad up --config whohad.yaml
  whohad up --host 0.0.0.0 --port 7788          beyond loopback callers must log in: docs/security.md

Exit codes: 0 stopped by SIGINT or SIGTERM; 1 failure; 2 usage; 4 something unreachable.`

const ENRICH_HELP = `
Example:
  WHOHAD_KAFKA__BROKERS=kafka-1:9092 whohad enrich --config whohad.yaml

Exit codes: 0 stopped by SIGINT or SIGTERM; 1 failure; 2 usage; 4 something unreachable.`

const DEMO_HELP = `
Examples:
  whohad demo                                   the page and the API at http://127.0.0.1:7788
  whohad demo --once --seed 7 --json            a simulated hour, compared with the truth

Exit codes: 0 done; 1 failure, or a wrong answer; 2 usage.`
