import { Command } from 'commander'
import type { CommandParts, PlaceFlags } from './changes-cli.ts'
import { threadPoolSize } from './running-cli.ts'

type CoverageFlags = PlaceFlags & {
  readonly from?: string
  readonly to?: string
  readonly domain?: string
  readonly source?: string
  readonly nodata?: boolean
  readonly json?: boolean
}

/** `whohad coverage`. */
export const coverageCommand = ({ withAnswerers, settingsOf, askedPlaceOf, time }: CommandParts): Command =>
  withAnswerers(new Command('coverage'))
    .description('what was watched, up to when, and where nobody looked or flow logs have no records')
    .option('--from <time>', 'from then on (default: a day ago)', time)
    .option('--to <time>', 'until before then (default: now)', time)
    .option('--domain <domain>', 'only sources that watch this routing domain, and interfaces that may have been in it')
    .option('--source <source>', 'only this source, without flow logs')
    .option('--nodata', 'of flow logs also where an interface had no traffic, not only where AWS lost records')
    .option('--json', 'one JSON object a source and a gap of flow logs, also on a terminal')
    .addHelpText('after', COVERAGE_HELP)
    .action(async (_options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CoverageFlags>()
      const { from, to, domain, source, nodata = false, json = false } = flags
      const { coverage } = await import('./coverage-command.ts')
      const asked = { from, to, domain, source, nodata, json, threadPoolSize: threadPoolSize() }
      process.exitCode = await coverage(await settingsOf(flags), { ...askedPlaceOf(flags), ...asked })
    })

const COVERAGE_HELP = `
"Known up to" is the watermark: answers before it are final. Gaps of flow logs are read from the store, which has one user at a
time: beside a running "whohad up" ask that with --url.

Examples:
  whohad coverage
  whohad coverage --domain prod --from "6 hours ago" --url http://127.0.0.1:7788
  whohad coverage | jq -r 'select(.record == "source" and .late) | .source'
  whohad coverage --nodata | jq -c 'select(.record == "capture-gap") | [.interface, .during.from.iso, .status]'

Exit codes: 0 done; 1 failure; 2 usage; 4 something unreachable; 5 gaps of flow logs cannot be read now, or a list was cut.`
